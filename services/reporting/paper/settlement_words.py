"""The words of settlements in the languages that Balcon speaks: en, nl, de, nb, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from services.contracts.languages import LANGUAGES
from services.reporting.domain.settlement import LineKind
from services.reporting.domain.settlement_obstacles import ObstacleKind


class W(Enum):
    """What is said. {} is where a value goes."""

    TITLE = auto()
    FILE = auto()
    PROVISIONAL = auto()
    FINAL = auto()
    CORRECTION = auto()
    PROVISIONAL_NOTE = auto()
    FINAL_NOTE = auto()
    CORRECTION_NOTE = auto()
    PERFORMANCE = auto()
    PRODUCER = auto()
    HALL = auto()
    STARTS = auto()
    DATE = auto()
    CAPACITY = auto()
    IN_THE_WAY = auto()
    SOLD = auto()
    BY_OFFICES = auto()
    CATEGORY = auto()
    TICKET = auto()
    TICKETS = auto()
    PRICE = auto()
    GROSS = auto()
    TOTAL = auto()
    BACK_NOTE = auto()
    COMPS_NOTE = auto()
    PARTS = auto()
    PART = auto()
    VAT_RATE = auto()
    VAT = auto()
    NET = auto()
    CONTINGENTS = auto()
    CONTINGENT = auto()
    OFFICE = auto()
    HANDED_OUT = auto()
    REPORTED = auto()
    RETURNED = auto()
    OPEN = auto()
    CALCULATION = auto()
    LINE = auto()
    OF = auto()
    PERCENT = auto()
    AMOUNT = auto()
    NO_DEAL = auto()
    ROUNDING = auto()
    NOTE = auto()
    SHARES = auto()
    WHO = auto()
    INVOICE = auto()
    INVOICE_TEXT = auto()
    NO_INVOICE_VAT = auto()
    DIFFERENCES = auto()
    BEFORE = auto()
    AFTER = auto()
    DIFFERENCE = auto()
    REASON = auto()
    SIGNED = auto()
    FOR_HOUSE = auto()
    FOR_PRODUCER = auto()
    NORMAL = auto()
    DISCOUNT = auto()
    FREE = auto()
    OTHER = auto()
    BASE = auto()
    THEATRE_SURCHARGE = auto()
    SERVICE_FEE = auto()
    WARDROBE_FEE = auto()
    CONSUMPTION_FEE = auto()
    COMPS = auto()
    CURRENCY = auto()
    NOTHING = auto()
    ABOUT = auto()
    NO_VAT = auto()


_Four = tuple[str, str, str, str]
_TEXTS: Final[Mapping[W, _Four]] = {
    W.TITLE: ("Settlement", "Borderel", "Endabrechnung", "Oppgjør"),
    W.FILE: ("settlement", "borderel", "endabrechnung", "oppgjor"),
    W.PROVISIONAL: ("PROVISIONAL", "VOORLOPIG", "VORLÄUFIG", "FORELØPIG"),
    W.FINAL: ("FINAL", "DEFINITIEF", "ENDGÜLTIG", "ENDELIG"),
    W.CORRECTION: ("CORRECTION", "CORRECTIE", "KORREKTUR", "KORREKSJON"),
    W.PROVISIONAL_NOTE: (
        "As of {}. Figures can still change.", "Stand van {}. De cijfers kunnen nog veranderen.",
        "Stand {}. Die Zahlen können sich noch ändern.", "Per {}. Tallene kan ennå endre seg.",
    ),
    W.FINAL_NOTE: (
        "Final since {}. What changes later is a numbered correction.",
        "Definitief sinds {}. Wat later verandert, wordt een genummerde correctie.",
        "Endgültig seit {}. Spätere Änderungen ergeben eine nummerierte Korrektur.",
        "Endelig siden {}. Senere endringer gir en nummerert korreksjon.",
    ),
    W.CORRECTION_NOTE: (
        "Takes the place of {}.", "Komt in de plaats van {}.", "Ersetzt {}.", "Erstatter {}.",
    ),
    W.PERFORMANCE: ("Performance", "Voorstelling", "Vorstellung", "Forestilling"),
    W.PRODUCER: ("Producer", "Producent", "Produzent", "Produsent"),
    W.HALL: ("Hall", "Zaal", "Saal", "Sal"),
    W.STARTS: ("Starts", "Aanvang", "Beginn", "Starter"),
    W.DATE: ("Date", "Datum", "Datum", "Dato"),
    W.CAPACITY: ("Capacity", "Capaciteit", "Kapazität", "Kapasitet"),
    W.IN_THE_WAY: (
        "Not final yet, because", "Nog niet definitief, omdat", "Noch nicht endgültig, weil",
        "Ikke endelig ennå, fordi",
    ),
    W.SOLD: ("Tickets sold", "Verkochte kaarten", "Verkaufte Karten", "Solgte billetter"),
    W.BY_OFFICES: (
        "Reported by {}", "Opgegeven door {}", "Gemeldet von {}", "Rapportert av {}",
    ),
    W.CATEGORY: ("Category", "Rang", "Preisgruppe", "Priskategori"),
    W.TICKET: ("Ticket", "Kaart", "Karte", "Billett"),
    W.TICKETS: ("Number", "Aantal", "Anzahl", "Antall"),
    W.PRICE: ("Average price", "Gemiddelde prijs", "Durchschnittspreis", "Snittpris"),
    W.GROSS: ("Gross", "Bruto", "Brutto", "Brutto"),
    W.TOTAL: ("Total", "Totaal", "Summe", "Sum"),
    W.BACK_NOTE: (
        "Came back, not counted: {} ({}).", "Teruggekomen, niet meegeteld: {} ({}).",
        "Zurückgegeben, nicht gezählt: {} ({}).", "Returnert, ikke regnet med: {} ({}).",
    ),
    W.COMPS_NOTE: (
        "Free tickets among them: {}.", "Vrijkaarten daarvan: {}.", "Davon Freikarten: {}.", "Derav fribilletter: {}.",
    ),
    W.PARTS: (
        "Price components and VAT", "Prijsonderdelen en btw", "Preisbestandteile und Umsatzsteuer",
        "Prisdeler og merverdiavgift",
    ),
    W.PART: ("Component", "Onderdeel", "Bestandteil", "Prisdel"),
    W.VAT_RATE: ("VAT rate", "Btw-tarief", "Steuersatz", "Mva-sats"),
    W.VAT: ("VAT", "Btw", "USt", "Mva"),
    W.NET: ("Without VAT", "Zonder btw", "Netto", "Uten mva"),
    W.CONTINGENTS: ("Contingents", "Contingenten", "Kontingente", "Kontingenter"),
    W.CONTINGENT: ("Contingent", "Contingent", "Kontingent", "Kontingent"),
    W.OFFICE: ("Office", "Verkoopkantoor", "Vorverkaufsstelle", "Salgskontor"),
    W.HANDED_OUT: ("Handed out", "Uitgegeven", "Ausgegeben", "Utlevert"),
    W.REPORTED: ("Reported sold", "Verkocht gemeld", "Verkauft gemeldet", "Meldt solgt"),
    W.RETURNED: ("Returned", "Teruggegeven", "Zurückgegeben", "Returnert"),
    W.OPEN: ("Open", "Open", "Offen", "Åpne"),
    W.CALCULATION: ("Calculation", "Berekening", "Berechnung", "Beregning"),
    W.LINE: ("Line", "Regel", "Position", "Linje"),
    W.OF: ("Of", "Van", "Von", "Av"),
    W.PERCENT: ("Part", "Deel", "Anteil", "Andel"),
    W.AMOUNT: ("Amount", "Bedrag", "Betrag", "Beløp"),
    W.NO_DEAL: (
        "Nobody has said yet what was agreed on.", "Er is nog geen afspraak vastgelegd.",
        "Es ist noch keine Vereinbarung hinterlegt.", "Ingen avtale er lagt inn ennå.",
    ),
    W.ROUNDING: (
        "Each line is rounded by itself, halves up; of a split the producer's part is rounded, the house has the rest.",
        "Elke regel is afzonderlijk afgerond, halven naar boven; bij een verdeling is het deel van de producent "
        "afgerond en heeft het huis de rest.",
        "Jede Position ist für sich gerundet, halbe Cent nach oben; bei einer Teilung ist der Anteil des Produzenten "
        "gerundet, das Haus hat den Rest.",
        "Hver linje er avrundet for seg, halve oppover; ved deling er produsentens del avrundet, og huset har resten.",
    ),
    W.NOTE: ("Agreed on", "Afspraak", "Vereinbarung", "Avtale"),
    W.SHARES: ("Who gets what", "Wie krijgt wat", "Wer erhält was", "Hvem får hva"),
    W.WHO: ("Who", "Wie", "Wer", "Hvem"),
    W.INVOICE: (
        "The producer's invoice", "Factuur van de producent", "Rechnung des Produzenten", "Produsentens faktura",
    ),
    W.INVOICE_TEXT: (
        "{} and {} VAT ({}): {} to be paid.", "{} en {} btw ({}): {} te betalen.",
        "{} und {} Umsatzsteuer ({}): {} zu zahlen.", "{} og {} merverdiavgift ({}): {} å betale.",
    ),
    W.NO_INVOICE_VAT: (
        "{}, without VAT.", "{}, zonder btw.", "{}, ohne Umsatzsteuer.", "{}, uten merverdiavgift.",
    ),
    W.DIFFERENCES: (
        "What is other than in {}", "Wat anders is dan in {}", "Abweichungen von {}", "Hva som er annerledes enn i {}",
    ),
    W.BEFORE: ("Before", "Eerst", "Vorher", "Før"),
    W.AFTER: ("Now", "Nu", "Jetzt", "Nå"),
    W.DIFFERENCE: ("Difference", "Verschil", "Differenz", "Forskjell"),
    W.REASON: ("Reason", "Reden", "Grund", "Årsak"),
    W.SIGNED: (
        "Signed electronically (Ed25519, key {}). SHA-256 of what was signed: {}",
        "Elektronisch ondertekend (Ed25519, sleutel {}). SHA-256 van het ondertekende: {}",
        "Elektronisch signiert (Ed25519, Schlüssel {}). SHA-256 des Signierten: {}",
        "Elektronisk signert (Ed25519, nøkkel {}). SHA-256 av det signerte: {}",
    ),
    W.FOR_HOUSE: ("For the house", "Voor het huis", "Für das Haus", "For huset"),
    W.FOR_PRODUCER: ("For the producer", "Voor de producent", "Für den Produzenten", "For produsenten"),
    W.NORMAL: ("Normal", "Normaal", "Normal", "Ordinær"),
    W.DISCOUNT: ("Discount", "Korting", "Ermäßigt", "Rabatt"),
    W.FREE: ("Free ticket", "Vrijkaart", "Freikarte", "Fribillett"),
    W.OTHER: ("Other", "Overig", "Sonstige", "Annet"),
    W.BASE: ("Base price", "Basisprijs", "Grundpreis", "Grunnpris"),
    W.THEATRE_SURCHARGE: ("Theatre surcharge", "Theatertoeslag", "Theaterzuschlag", "Teatertillegg"),
    W.SERVICE_FEE: ("Service fee", "Servicekosten", "Servicegebühr", "Serviceavgift"),
    W.WARDROBE_FEE: ("Wardrobe fee", "Garderobekosten", "Garderobengebühr", "Garderobeavgift"),
    W.CONSUMPTION_FEE: ("Consumption", "Consumptie", "Verzehr", "Servering"),
    W.COMPS: ("Free tickets", "Vrijkaarten", "Freikarten", "Fribilletter"),
    W.CURRENCY: ("currency", "valuta", "Währung", "valuta"),
    W.NOTHING: ("Nothing.", "Niets.", "Nichts.", "Ingenting."),
    W.ABOUT: ("About", "Over", "Angaben", "Om"),
    W.NO_VAT: ("none", "geen", "keine", "ingen"),
}  # fmt: skip
_LINES: Final[Mapping[LineKind, _Four]] = {
    LineKind.GROSS: ("Gross revenue", "Bruto-opbrengst", "Bruttoeinnahme", "Brutto inntekt"),
    LineKind.OWN: ("The house's own: {}", "Van het huis: {}", "Dem Haus vorab: {}", "Husets egne: {}"),
    LineKind.VAT: ("VAT {}", "Btw {}", "USt {}", "Mva {}"),
    LineKind.BASIS: ("Basis", "Grondslag", "Bemessungsgrundlage", "Grunnlag"),
    LineKind.ROYALTY: ("{}", "{}", "{}", "{}"),
    LineKind.LEVY: ("{}", "{}", "{}", "{}"),
    LineKind.COST: ("{}", "{}", "{}", "{}"),
    LineKind.SHARED: ("To be shared", "Te verdelen", "Zu teilen", "Til deling"),
    LineKind.PRODUCER_SHARE: (
        "Producer's share {}", "Aandeel producent {}", "Anteil Produzent {}", "Produsentens andel {}",
    ),
    LineKind.GUARANTEE: (
        "Added up to the guarantee", "Aanvulling tot de garantie", "Aufstockung zur Garantie",
        "Tillegg opp til garanti",
    ),
    LineKind.BUY_OUT: ("Fixed sum", "Uitkoopsom", "Festgage", "Fast honorar"),
    LineKind.HOUSE_SHARE: ("House's share", "Aandeel huis", "Anteil Haus", "Husets andel"),
    LineKind.PRODUCER: ("Producer", "Producent", "Produzent", "Produsent"),
    LineKind.HOUSE: ("House", "Huis", "Haus", "Huset"),
    LineKind.OTHERS: ("Others", "Derden", "Dritte", "Andre"),
}  # fmt: skip
_OBSTACLES: Final[Mapping[ObstacleKind, _Four]] = {
    ObstacleKind.ALLOTMENT_OPEN: (
        "contingent {} is open ({} seats)", "contingent {} open is ({} plaatsen)",
        "Kontingent {} offen ist ({} Plätze)", "kontingent {} er åpent ({} plasser)",
    ),
    ObstacleKind.NOT_OVER: (
        "the performance is not over", "de voorstelling niet voorbij is", "die Vorstellung nicht vorbei ist",
        "forestillingen ikke er over",
    ),
    ObstacleKind.SEATS_HELD: (
        "{1} seats are held or being paid", "{1} plaatsen worden vastgehouden of betaald",
        "{1} Plätze gehalten oder bezahlt werden", "{1} plasser holdes eller betales",
    ),
    ObstacleKind.SEATS_RESERVED: (
        "{1} seats are reserved", "{1} plaatsen gereserveerd zijn", "{1} Plätze reserviert sind",
        "{1} plasser er reservert",
    ),
    ObstacleKind.ORDERS_UNDER_WAY: (
        "{1} orders are under way", "{1} bestellingen onderweg zijn", "{1} Bestellungen in Arbeit sind",
        "{1} bestillinger er underveis",
    ),
    ObstacleKind.NO_DEAL: (
        "no deal is set", "er geen afspraak is", "keine Vereinbarung hinterlegt ist", "ingen avtale er lagt inn",
    ),
    ObstacleKind.FIGURES_BEHIND: (
        "the figures are catching up", "de cijfers nog worden bijgewerkt", "die Zahlen noch aufholen",
        "tallene tas igjen",
    ),
}  # fmt: skip


class SettlementWords:
    """In one language."""

    def __init__(self, language: str) -> None:
        self._place = LANGUAGES.index(language)

    def __call__(self, word: W, *values: object) -> str:
        """The words, with values in their places."""
        return _TEXTS[word][self._place].format(*values)

    def line(self, kind: LineKind, name: str) -> str:
        """A line of the calculation."""
        return _LINES[kind][self._place].format(name).strip()

    def obstacle(self, kind: ObstacleKind, thing_id: str, count: int) -> str:
        """What stands in the way."""
        return _OBSTACLES[kind][self._place].format(thing_id, count)

    def named(self, value: str) -> str:
        """A component or kind of ticket by what stores keep of it; what nobody knows as it is."""
        word = W.__members__.get(value.upper())
        return value if word is None else self(word)
