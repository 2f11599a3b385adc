"""The words on invoices, once in each language that Balcon speaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class InvoiceWords:
    """{} is where the value goes."""

    receipt: str
    invoice: str
    credit_note: str
    seller: str
    buyer: str
    date: str
    order: str
    corrects: str
    vat_number: str
    registration: str
    what: str
    amount: str
    total: str
    total_back: str
    rate: str
    net: str
    vat: str
    gross: str
    no_tax: str
    vat_heading: str
    replaced: str
    components: Mapping[str, str]


INVOICE_WORDS: Final[Mapping[str, InvoiceWords]] = {
    "en": InvoiceWords(
        receipt="Receipt",
        invoice="Invoice",
        credit_note="Credit note",
        seller="Seller",
        buyer="Made out to",
        date="Date",
        order="Order",
        corrects="Takes from",
        vat_number="VAT number",
        registration="Registration",
        what="What for",
        amount="Amount incl. VAT",
        total="Total",
        total_back="Given back",
        rate="Rate",
        net="Net",
        vat="VAT",
        gross="Incl. VAT",
        no_tax="no VAT told",
        vat_heading="VAT",
        replaced="All that was left of it: another invoice takes its place.",
        components={
            "base": "Ticket",
            "theatre_surcharge": "Surcharge",
            "service_fee": "Service fee",
            "wardrobe_fee": "Wardrobe",
            "consumption_fee": "Consumption",
        },
    ),
    "nl": InvoiceWords(
        receipt="Bon",
        invoice="Factuur",
        credit_note="Creditnota",
        seller="Verkoper",
        buyer="Op naam van",
        date="Datum",
        order="Bestelling",
        corrects="Vermindert",
        vat_number="Btw-nummer",
        registration="Registratie",
        what="Omschrijving",
        amount="Bedrag incl. btw",
        total="Totaal",
        total_back="Terugbetaald",
        rate="Tarief",
        net="Excl. btw",
        vat="Btw",
        gross="Incl. btw",
        no_tax="geen btw genoemd",
        vat_heading="Btw",
        replaced="Alles wat ervan over was: een andere factuur komt ervoor in de plaats.",
        components={
            "base": "Kaartje",
            "theatre_surcharge": "Toeslag",
            "service_fee": "Servicekosten",
            "wardrobe_fee": "Garderobe",
            "consumption_fee": "Consumptie",
        },
    ),
    "de": InvoiceWords(
        receipt="Quittung",
        invoice="Rechnung",
        credit_note="Stornorechnung",
        seller="Verkäufer",
        buyer="Rechnung an",
        date="Datum",
        order="Bestellung",
        corrects="Mindert",
        vat_number="USt-IdNr.",
        registration="Register",
        what="Leistung",
        amount="Betrag inkl. MwSt.",
        total="Summe",
        total_back="Erstattet",
        rate="Satz",
        net="Netto",
        vat="MwSt.",
        gross="Brutto",
        no_tax="keine MwSt. genannt",
        vat_heading="Mehrwertsteuer",
        replaced="Alles, was davon übrig war: eine andere Rechnung tritt an ihre Stelle.",
        components={
            "base": "Eintrittskarte",
            "theatre_surcharge": "Zuschlag",
            "service_fee": "Servicegebühr",
            "wardrobe_fee": "Garderobe",
            "consumption_fee": "Verzehr",
        },
    ),
    "nb": InvoiceWords(
        receipt="Kvittering",
        invoice="Faktura",
        credit_note="Kreditnota",
        seller="Selger",
        buyer="Utstedt til",
        date="Dato",
        order="Bestilling",
        corrects="Reduserer",
        vat_number="MVA-nummer",
        registration="Register",
        what="Hva for",
        amount="Beløp inkl. mva.",
        total="Sum",
        total_back="Tilbakebetalt",
        rate="Sats",
        net="Ekskl. mva.",
        vat="Mva.",
        gross="Inkl. mva.",
        no_tax="ingen mva. oppgitt",
        vat_heading="Merverdiavgift",
        replaced="Alt som var igjen av den: en annen faktura trer i stedet.",
        components={
            "base": "Billett",
            "theatre_surcharge": "Tillegg",
            "service_fee": "Servicegebyr",
            "wardrobe_fee": "Garderobe",
            "consumption_fee": "Servering",
        },
    ),
}
