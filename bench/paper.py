"""What paper costs: ten thousand tickets, a note of 5,000 seats, a hall of 20,000; seconds and memory of one process.

`python -m bench.paper` prints the figures. It starts no server and writes nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from services.paper.house_style import HouseStyle
from services.ticketing.paper.delivery_note import write_delivery_note
from services.ticketing.paper.documents import (
    DeliveredSeat,
    DeliveryKind,
    DeliveryNote,
    DrawnSeat,
    HallPlan,
    Office,
    Performance,
    Place,
    Reservation,
    Ticket,
    TicketOrigin,
)
from services.ticketing.paper.hall_plan import write_hall_plan
from services.ticketing.paper.shipped_stocks import SHIPPED, shipped_stock
from services.ticketing.paper.tickets import write_tickets

TICKETS = 10_000
NOTE_SEATS = 5_000
HALL_SEATS = 20_000
_STYLE = HouseStyle("Schouwburg De Kring", "nl", "Europe/Amsterdam", "EUR", ("Schouwburgplein 1", "Rotterdam"))
_PERFORMANCE = Performance("De Kersentuin", 1_798_138_800_000, "Grote Zaal", doors_at_ms=1_798_135_200_000)
_CONDITIONS = "Dit ticket geeft eenmaal toegang. Een tweede druk maakt deze code ongeldig. " * 4
_OFFICE = Office("VVV Rotterdam")
_RESERVATION = Reservation("K-2026-0031", DeliveryKind.HARD, 1_795_000_000_000)
_PAGE_BYTES = 4_096


class _Counted:
    """A sink that keeps nothing."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes, /) -> None:
        self.size += len(data)


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES / 1e6


def _place(index: int) -> Place:
    return Place("Parterre", str(1 + index // 40), str(1 + index % 40))


def _tickets(memory: list[float]) -> Iterator[Ticket]:
    """As long as our codes get: 221 characters of base 45."""
    for index in range(TICKETS):
        if index % 1_000 == 0:
            memory.append(_resident_mb())
        noise = hashlib.sha512(str(index).encode()).hexdigest().upper()
        yield Ticket(
            f"tkt_{index:026d}", f"B1:{noise}{noise[:89]}.", _PERFORMANCE, _place(index), "Volwassene", 3_250,
            TicketOrigin.ALLOTMENT, "K-2026-0031", _CONDITIONS,
        )  # fmt: skip


def _show(name: str, write: Callable[[_Counted], object]) -> None:
    sink, wall, cpu = _Counted(), time.perf_counter(), time.process_time()
    write(sink)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{name:<34} {wall:6.1f} s  {cpu:6.1f} s of CPU  {sink.size / 1e6:6.1f} MB", flush=True)


def _show_tickets(name: str) -> None:
    stock, memory = shipped_stock(name), list[float]()
    assert stock is not None

    def write(sink: _Counted) -> None:
        write_tickets(sink, _STYLE, _tickets(memory), stock)

    _show(f"{TICKETS:,} tickets on {name}", write)
    print(f"{'':<34} resident: {' '.join(f'{each:.0f}' for each in memory)} -> {_resident_mb():.0f} MB", flush=True)


def main() -> None:
    """Measures and prints."""
    for name in SHIPPED:
        _show_tickets(name)
    seats = tuple(
        DeliveredSeat(_place(index), "Rang 1", "Volwassene", 3_250, f"tkt_{index:026d}") for index in range(NOTE_SEATS)
    )
    note = DeliveryNote("PB-1", 1_797_000_000_000, _OFFICE, _PERFORMANCE, _RESERVATION, seats, (), _CONDITIONS)
    _show(f"delivery note of {NOTE_SEATS:,} seats", lambda sink: write_delivery_note(sink, _STYLE, note))
    drawn = tuple(
        DrawnSeat(index % 200 * 24.0, index // 200 * 26.0, str(1 + index % 200), "Parterre", str(1 + index // 200),
                  index // 200 in {40, 41})
        for index in range(HALL_SEATS)
    )  # fmt: skip
    plan = HallPlan(_PERFORMANCE, _OFFICE, "K-2026-0031", drawn)
    _show(f"hall of {HALL_SEATS:,} seats", lambda sink: write_hall_plan(sink, _STYLE, plan))


if __name__ == "__main__":
    main()
