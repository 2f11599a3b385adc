"""Who may act for an order without an account: whoever shows its number and a code of one of its tickets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.orders.domain.refunds import LineRef
from services.runtime.errors import Refusal


@dataclass(frozen=True, slots=True)
class ShownCode:
    """Whose code it is: `holder_id` '' is whoever bought. `lines`: all that the same person has and that lets in.

    `own`: the line of the code itself, whether its ticket lets in or not.
    """

    holder_id: str
    lines: tuple[LineRef, ...]
    own: LineRef


class OrderDoor(Protocol):
    """Guesses are counted. Raises Unanswered."""

    async def shown(self, house_id: str, order_id: str, code: str) -> ShownCode | Refusal:
        """OrderCodeWrong, also where there is no such order; TooManyWrongCodes."""
        ...
