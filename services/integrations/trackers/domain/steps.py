"""The steps of a purchase, and who is told of which (R3.12, R3.15): plain data and the one id of each call. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from services.integrations.trackers.domain.tracker import TrackerKind


class Step(StrEnum):
    """How far a visitor has come; names as in balcon.funnel.v1.FunnelStep, values are what stores keep."""

    START = "start"
    SEATS = "seats"
    CUSTOMER = "customer"
    PAYMENT = "payment"
    DONE = "done"


_ENDS: Final = frozenset({Step.START, Step.DONE})

# R3.12: only Meta is told of every step, the others of the start and of the completed purchase.
TOLD_OF: Final[Mapping[TrackerKind, frozenset[Step]]] = {
    TrackerKind.META_PIXEL: frozenset(Step),
    TrackerKind.GOOGLE_ADS: _ENDS,
    TrackerKind.GOOGLE_TAG_MANAGER: _ENDS,
    TrackerKind.X_PIXEL: _ENDS,
}

# Meta's standard events, and those of Google's e-commerce.
META_EVENTS: Final[Mapping[Step, str]] = {
    Step.START: "ViewContent",
    Step.SEATS: "AddToCart",
    Step.CUSTOMER: "InitiateCheckout",
    Step.PAYMENT: "AddPaymentInfo",
    Step.DONE: "Purchase",
}
COMMERCE_EVENTS: Final[Mapping[Step, str]] = {Step.START: "begin_checkout", Step.DONE: "purchase"}


def is_told(kind: TrackerKind, step: Step) -> bool:
    """Whether trackers of the kind hear of the step (R3.12)."""
    return step in TOLD_OF[kind]


def event_name(kind: TrackerKind, step: Step) -> str:
    """What the company calls the step. Ads and X know ids of the house's own instead; these are our names of them."""
    return META_EVENTS[step] if kind is TrackerKind.META_PIXEL else COMMERCE_EVENTS[step]


def event_id(kind: TrackerKind, step: Step, *, visit_id: str, performance_id: str, order_id: str) -> str:
    """The same for the browser's call and the server's: by it a company counts the two once.

    A purchase is an order's, so two orders of a visit are two. What comes before is the visit's, once a performance,
    also when the order of the payment is given up and a second one is paid.
    """
    name = event_name(kind, step)
    if step is Step.DONE:
        return f"{order_id}.{name}"
    return f"{visit_id}.{performance_id}.{name}"
