"""A visitor came to a step: which of the attached trackers are told, and what exactly is the one call of each. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.contracts.money import minor_digits
from services.integrations.trackers.domain.steps import Step, event_id, event_name, is_told
from services.integrations.trackers.domain.tracker import Tracker


@dataclass(frozen=True, slots=True)
class Worth:
    """An amount in the smallest unit of its currency (ISO 4217)."""

    amount_minor: int
    currency: str

    @property
    def in_units(self) -> float:
        """2500 EUR cents are 25.0, 2500 JPY are 2500.0: exact to the currency's digits, up to what an order costs."""
        digits = minor_digits(self.currency) or 0
        return float(round(self.amount_minor / 10**digits, digits))


@dataclass(frozen=True, slots=True)
class Reached:
    """A step of one visit at one performance. `order_id` is '' before there is an order."""

    house_id: str
    performance_id: str
    visit_id: str
    step: Step
    at_ms: int
    order_id: str = ""
    worth: Worth | None = None
    tickets: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """What one tracker is told of a step, by whatever way: counted once by `event_id`."""

    tracker: Tracker
    reached: Reached
    event_name: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Sale:
    """What is known of an order: whose visit it was ('': not yet), and whether it was confirmed (0: not yet)."""

    order_id: str
    performance_id: str
    visit_id: str = ""
    worth: Worth | None = None
    tickets: int = 0
    confirmed_at_ms: int = 0


def calls_of(reached: Reached, trackers: Iterable[Tracker]) -> tuple[Call, ...]:
    """One for each attached tracker that is told of such a step (R3.12).

    None of a purchase without its order or its worth: by the one it counts once, and companies take none without the
    other. The order's confirmation has both.
    """
    if reached.step is Step.DONE and (not reached.order_id or reached.worth is None):
        return ()
    return tuple(
        _call(tracker, reached) for tracker in trackers if not tracker.archived and is_told(tracker.kind, reached.step)
    )


def _call(tracker: Tracker, reached: Reached) -> Call:
    what = event_id(
        tracker.kind,
        reached.step,
        visit_id=reached.visit_id,
        performance_id=reached.performance_id,
        order_id=reached.order_id,
    )
    return Call(tracker, reached, event_name(tracker.kind, reached.step), what)


def with_sale(reached: Reached, sale: Sale) -> Reached:
    """A step that an order is known of, with what is known of the order."""
    return replace(reached, worth=reached.worth or sale.worth, tickets=reached.tickets or sale.tickets)


def purchase_of(house_id: str, sale: Sale) -> Reached | None:
    """A confirmed order of a known visit is a purchase, also when the buyer's browser has never said so."""
    if not sale.visit_id or not sale.confirmed_at_ms:
        return None
    return Reached(
        house_id=house_id,
        performance_id=sale.performance_id,
        visit_id=sale.visit_id,
        step=Step.DONE,
        at_ms=sale.confirmed_at_ms,
        order_id=sale.order_id,
        worth=sale.worth,
        tickets=sale.tickets,
    )
