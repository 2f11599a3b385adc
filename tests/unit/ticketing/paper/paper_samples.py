"""A house's style and its tickets for the tests of paper; the strange ones are as long as contracts let them be."""

from __future__ import annotations

import base64
import hashlib

from services.ticketing.paper.documents import Performance, Place, Ticket, TicketOrigin

STARTS_AT_MS = 1_798_138_800_000  # 2026-12-24 20:00 in Amsterdam
PERFORMANCE = Performance(
    title="De Kersentuin",
    subtitle="Toneelgroep Noord speelt Tsjechov",
    starts_at_ms=STARTS_AT_MS,
    doors_at_ms=STARTS_AT_MS - 3_600_000,
    hall="Grote Zaal",
)
CONDITIONS = (
    "Dit ticket geeft eenmaal toegang. Een tweede druk maakt deze code ongeldig. Gekochte tickets worden niet "
    "teruggenomen, behalve bij annulering van de voorstelling."
)
# 200 characters, one word of them wider than any stub.
LONG_TITLE = (
    "Die Räuber oder: Wie ich lernte, den Donaudampfschifffahrtsgesellschaftskapitän zu lieben und trotzdem jeden "
    "Abend rechtzeitig nach Hause zu kommen, ein Volksstück mit Musik in drei Akten und einem End"
)
LONG_PERFORMANCE = Performance(
    title=LONG_TITLE,
    subtitle="nach Motiven von Friedrich Schiller, mit Musik von Ludwig van Beethoven und vielen anderen",
    starts_at_ms=STARTS_AT_MS,
    doors_at_ms=STARTS_AT_MS - 3_600_000,
    hall="Großer Saal des Kulturhauses am Wasserturm, Eingang Ost",
)


def signed_text(number: int) -> str:
    """Noise of the length that a signed code has."""
    digest = hashlib.sha512(str(number).encode()).digest()
    return base64.b32encode(digest + digest[:24]).decode().rstrip("=")


def ticket(
    number: int = 0,
    *,
    performance: Performance = PERFORMANCE,
    place: Place | None = None,
    ticket_type: str = "Volwassene",
    price_minor: int | None = 3_250,
    origin: TicketOrigin = TicketOrigin.ORDER,
    conditions: str = CONDITIONS,
) -> Ticket:
    """The ticket of that number."""
    return Ticket(
        code=f"BLCN-7F3K-9QXP-{number:04d}",
        qr_text=signed_text(number),
        performance=performance,
        place=place or Place("Parterre midden", str(12 + number // 100), str(1 + number % 100)),
        ticket_type=ticket_type,
        price_minor=price_minor,
        origin=origin,
        origin_number="2026-004711",
        conditions=conditions,
    )


def long_ticket(number: int = 0) -> Ticket:
    """One in which everything is long."""
    return ticket(
        number,
        performance=LONG_PERFORMANCE,
        place=Place("Erster Rang links, Seitenloge B (Sicht eingeschränkt)", "XIV", "Rollstuhl 112"),
        ticket_type="Ermäßigt (Schüler, Studierende, Schwerbehinderte mit Ausweis)",
        price_minor=None,
        origin=TicketOrigin.ALLOTMENT,
    )
