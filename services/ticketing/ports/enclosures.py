"""What goes out for an order beside the letter: each kind of file by itself, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.paper.house_style import HouseStyle
from services.runtime.mail.letter import Attachment
from services.ticketing.domain.delivery import Delivery
from services.ticketing.domain.paper_style import PaperStyle
from services.ticketing.letters.facts import OrderLetter
from services.ticketing.paper.documents import Ticket as PaperTicket
from services.ticketing.ports.paper import Sheet


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent, before any of it is drawn. `tickets`: those that let the reader in; none in some letters."""

    house_id: str
    delivery: Delivery
    letter: OrderLetter
    style: HouseStyle
    own: PaperStyle
    tickets: tuple[PaperTicket, ...]


@dataclass(frozen=True, slots=True)
class SheetToDraw:
    """A file that is drawn together with the letter."""

    file_name: str
    content_type: str
    sheet: Sheet


class Enclosure(Protocol):
    """One kind of file."""

    async def enclosed(self, plan: Plan) -> Sequence[SheetToDraw | Attachment]:
        """The files of this kind for that letter, perhaps none. Raises NeighbourSilent."""
        ...
