"""What callers asked for and what they were told to have: the auditor's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from services.inventory.domain import commands as c

FOR_EVER = float("inf")


class Hand(Enum):
    """Who has a seat."""

    BUYER = "a hold or an order"
    OFFICE = "an allotment"
    PROMISED = "a reservation"
    HOUSE = "a block that keeps everybody out"


@dataclass(slots=True)
class Tenure:
    """One seat that one owner was told to have. Surely so from `told_at` until the earliest thing that may end it."""

    performance_id: str
    seat: int
    owner: str
    epoch: int
    told_at: float
    ends_at: float = FOR_EVER
    # A hold's shown end on the hold store's clock; None: a claim, which no clock ends.
    shown_until_ms: int | None = None
    # An extension was asked for and not answered.
    may_last_longer: bool = False
    is_sold: bool = False
    hand: Hand = Hand.BUYER
    # An allotment's, on the hold store's clock: from then on what is not reported sold goes back. None: by hand only.
    due_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """The hold store lost acknowledged writes: holds told under epochs up to `epoch` may be gone."""

    performance_id: str
    epoch: int


@dataclass(slots=True)
class Asked:
    """A command on its way. `denies`: the tenures that a denial of it would contradict."""

    performance_id: str
    command: c.Command
    at: float
    denies: list[Tenure] = field(default_factory=list)
