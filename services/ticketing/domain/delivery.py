"""What buyers are sent is a ledger: a line says that a letter is about to leave before it leaves (decisions/0050).

Pure: whoever sends asks here what a line is next.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

# A letter whose fate is not known is sent again once, under the same Message-ID and marked: two copies at most.
MOST_COPIES: Final = 2
_DAY_MS: Final = 86_400_000
# A letter that could not leave until then has failed; staff see it, and may send it again.
GIVE_UP_MS: Final = 3 * _DAY_MS
# News that is older when it is heard is not mailed by itself any more: staff decide.
OLD_NEWS_MS: Final = 3 * _DAY_MS
# What is older still is history that is read again, and not written down.
HISTORY_MS: Final = 30 * _DAY_MS
FIRST_WAIT_MS: Final = 10_000
LONGEST_WAIT_MS: Final = 600_000
# Staff send an order's tickets again so often within a day.
MOST_AGAIN_A_DAY: Final = 20


class DeliveryKind(Enum):
    """Why somebody is written to; names as in the protos."""

    CONFIRMATION = "CONFIRMATION"
    # Sent once more, by the hand of staff.
    AGAIN = "AGAIN"
    # A ticket has another name, or another seat.
    CHANGED = "CHANGED"
    # Tickets that somebody has passed on: to who has them now, and to who had them.
    RECEIVED = "RECEIVED"
    PASSED_ON = "PASSED_ON"
    MOVED = "MOVED"
    CANCELLED = "CANCELLED"
    # What became of a buyer's request for a refund.
    REFUND_ASKED = "REFUND_ASKED"
    REFUND_GRANTED = "REFUND_GRANTED"
    REFUND_DECLINED = "REFUND_DECLINED"


# Letters about a buyer's request for a refund; the name of their occasion is the request's.
OF_REQUESTS: Final = frozenset({DeliveryKind.REFUND_ASKED, DeliveryKind.REFUND_GRANTED, DeliveryKind.REFUND_DECLINED})


class DeliveryState(Enum):
    """How far it is; names as in the protos."""

    DUE = "DUE"
    # A letter is about to leave, or has left.
    SENDING = "SENDING"
    SENT = "SENT"
    # It may have arrived, once or twice; nobody told.
    UNKNOWN = "UNKNOWN"
    # The mail server takes no letter to that address.
    REFUSED = "REFUSED"
    FAILED = "FAILED"
    # It was old news when it was heard.
    SKIPPED = "SKIPPED"
    # There is nobody to write to, or nothing to write of, any more.
    STOPPED = "STOPPED"


OPEN: Final = frozenset({DeliveryState.DUE, DeliveryState.SENDING})


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a letter is due, once for each: of an order, of one performance of it ('': of all), and when it was.

    `name` tells two of a kind apart: the number of a move, the id of an act of staff.
    """

    order_id: str
    kind: DeliveryKind
    at_ms: int
    name: str = ""
    performance_id: str = ""
    # Of a move: when the performance was to begin before it.
    was_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One letter to one person. `customer_id` '': to whoever bought. No `ticket_ids`: all that the person has.

    `attempts` counts how often one was about to leave, `unknown` how often nobody knows whether it did. `reason` is a
    few words for people, never an address. `sealed_email`: where it goes instead, until it has ended. `buyer_id`: who
    bought, where the news said so.
    """

    delivery_id: str
    occasion: Occasion
    customer_id: str = ""
    ticket_ids: tuple[str, ...] = ()
    state: DeliveryState = DeliveryState.DUE
    attempts: int = 0
    unknown: int = 0
    reason: str = ""
    due_at_ms: int = 0
    created_at_ms: int = 0
    ended_at_ms: int | None = None
    sealed_email: bytes = field(default=b"", repr=False)
    buyer_id: str = ""

    @property
    def is_open(self) -> bool:
        """Whether something is to be done about it."""
        return self.state in OPEN


def found(line: Delivery) -> Delivery:
    """A line as whoever takes it up finds it: one about to leave was cut off, and may have left."""
    if line.state is not DeliveryState.SENDING:
        return line
    return dataclasses.replace(line, state=DeliveryState.DUE, unknown=line.unknown + 1)


def may_leave(line: Delivery) -> bool:
    """Whether one more copy may be sent."""
    return line.unknown < MOST_COPIES


def begun(line: Delivery) -> Delivery:
    """It is about to leave."""
    return dataclasses.replace(line, state=DeliveryState.SENDING, attempts=line.attempts + 1)


def again(line: Delivery, reason: str, now_ms: int, *, is_unknown: bool = False) -> Delivery:
    """It is to be tried again, later each time; `is_unknown`: it may have left all the same."""
    due_at_ms = now_ms + wait_ms(line.attempts)
    return dataclasses.replace(
        line, state=DeliveryState.DUE, reason=reason, unknown=line.unknown + is_unknown, due_at_ms=due_at_ms
    )


def ended(line: Delivery, state: DeliveryState, now_ms: int, reason: str = "") -> Delivery:
    """Nothing more happens to it, and the address that it was sealed for is forgotten."""
    return dataclasses.replace(line, state=state, reason=reason, ended_at_ms=now_ms, sealed_email=b"")


def wait_ms(attempts: int) -> int:
    """From the first try on: ten seconds, then twice as long each time, ten minutes at most."""
    return int(min(FIRST_WAIT_MS * 2 ** min(max(attempts - 1, 0), 10), LONGEST_WAIT_MS))


def is_given_up(line: Delivery, now_ms: int) -> bool:
    """Whether it has been tried for long enough."""
    return now_ms - line.created_at_ms >= GIVE_UP_MS
