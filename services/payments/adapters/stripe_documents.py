"""Stripe's objects as far as they are read here, and what they say about a payment. Asks nobody.

A payment of ours is a Checkout Session; since API version 2022-08-01 its PaymentIntent is made when the buyer confirms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from services.payments.adapters.instruments import instrument_of
from services.payments.adapters.stripe_money import from_stripe
from services.payments.domain.payment import DisputeState
from services.payments.domain.refunds import RefundReport
from services.payments.ports import ProviderPayment, ProviderStatus, WebhookEvent

# The names under which a session carries our ids; a refund carries its key.
HOUSE, ORDER, PAYMENT, REFUND_KEY = "house_id", "order_id", "payment_id", "balcon_refund"

# What is asked to come with a session, so that one question tells all.
EXPAND: Final = "payment_intent.latest_charge.refunds"

# What the list of events is asked for; a webhook endpoint needs the same. Stripe takes twenty at most.
EVENT_TYPES: Final = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.amount_capturable_updated",
    "payment_intent.succeeded",
    "payment_intent.canceled",
    "charge.refunded",
    "charge.refund.updated",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "refund.created",
    "refund.updated",
    "refund.failed",
)

# What can be captured by the shop; with any other method the money comes at once.
AUTHORISED_FIRST: Final = frozenset(
    {"card", "link", "klarna", "paypal", "affirm", "afterpay_clearpay", "amazon_pay", "revolut_pay", "mobilepay"}
)

REFUND_REPORTS: Final[Mapping[str, RefundReport]] = {
    "succeeded": RefundReport.SUCCEEDED,
    "pending": RefundReport.ACCEPTED,
    "requires_action": RefundReport.ACCEPTED,
    "failed": RefundReport.FAILED,
    "canceled": RefundReport.FAILED,
}
# An inquiry (warning_*) and an appeal are open until they are closed; what was prevented never became a dispute.
_DISPUTES: Final[Mapping[str, DisputeState]] = {
    "warning_needs_response": DisputeState.OPEN,
    "warning_under_review": DisputeState.OPEN,
    "needs_response": DisputeState.OPEN,
    "under_review": DisputeState.OPEN,
    "appeal_needs_response": DisputeState.OPEN,
    "appeal_under_review": DisputeState.OPEN,
    "warning_closed": DisputeState.WON,
    "won": DisputeState.WON,
    "prevented": DisputeState.WON,
    "lost": DisputeState.LOST,
}


class Refund(msgspec.Struct, frozen=True):
    """https://docs.stripe.com/api/refunds/object."""

    id: str
    amount: int
    status: str
    metadata: dict[str, str] | None = None


class Refunds(msgspec.Struct, frozen=True):
    """A page of refunds."""

    data: list[Refund]
    has_more: bool = False


class _Card(msgspec.Struct, frozen=True):
    fingerprint: str | None = None


class _Method(msgspec.Struct, frozen=True):
    card: _Card | None = None


class Charge(msgspec.Struct, frozen=True):
    """https://docs.stripe.com/api/charges/object."""

    id: str
    amount_refunded: int = 0
    disputed: bool = False
    refunds: Refunds | None = None
    payment_method_details: _Method | None = None


class _PaymentError(msgspec.Struct, frozen=True):
    code: str | None = None
    decline_code: str | None = None


class Intent(msgspec.Struct, frozen=True):
    """https://docs.stripe.com/api/payment_intents/object."""

    id: str
    status: str
    amount: int
    currency: str
    amount_received: int = 0
    latest_charge: Charge | None = None
    last_payment_error: _PaymentError | None = None


class Session(msgspec.Struct, frozen=True):
    """https://docs.stripe.com/api/checkout/sessions/object."""

    id: str
    status: str
    amount_total: int
    currency: str
    metadata: dict[str, str] = {}
    url: str | None = None
    payment_intent: Intent | None = None

    @property
    def charge(self) -> Charge | None:
        """What was authorised or captured last."""
        return None if self.payment_intent is None else self.payment_intent.latest_charge


class Sessions(msgspec.Struct, frozen=True):
    """A page of sessions."""

    data: list[Session]
    has_more: bool = False


class Dispute(msgspec.Struct, frozen=True):
    """https://docs.stripe.com/api/disputes/object."""

    id: str
    status: str
    amount: int
    currency: str


class Disputes(msgspec.Struct, frozen=True):
    """A page of disputes."""

    data: list[Dispute]


class _Names(msgspec.Struct, frozen=True):
    display_name: str | None = None


class _Settings(msgspec.Struct, frozen=True):
    dashboard: _Names | None = None


class _Profile(msgspec.Struct, frozen=True):
    name: str | None = None


class Account(msgspec.Struct, frozen=True):
    """https://docs.stripe.com/api/accounts/object."""

    id: str
    settings: _Settings | None = None
    business_profile: _Profile | None = None

    @property
    def title(self) -> str:
        """What its owner calls it."""
        dashboard = self.settings.dashboard if self.settings else None
        shown = dashboard.display_name if dashboard else None
        return shown or (self.business_profile.name if self.business_profile else None) or self.id


class _EventData(msgspec.Struct, frozen=True):
    object: dict[str, Any]


class Event(msgspec.Struct, frozen=True):
    """https://docs.stripe.com/api/events/object. Its picture of the object may be old: only ids are read from it."""

    id: str
    type: str
    data: _EventData


class Events(msgspec.Struct, frozen=True):
    """A page of events, the newest first."""

    data: list[Event]
    has_more: bool = False


def status_of(session: Session) -> ProviderStatus:
    """A declined card ends nothing at Checkout: the buyer may try another until the session has expired."""
    intent = session.payment_intent
    match intent.status if intent is not None else "":
        case "requires_capture":
            return ProviderStatus.AUTHORISED
        case "succeeded":
            return ProviderStatus.SUCCEEDED
        case "canceled":
            return ProviderStatus.CANCELLED
        case "requires_payment_method" if session.status == "complete":
            return ProviderStatus.FAILED
        case _ if session.status == "expired":
            return ProviderStatus.FAILED if _error_of(session) else ProviderStatus.CANCELLED
        case _:
            return ProviderStatus.OPEN


def payment_of(session: Session, disputes: Sequence[Dispute] = (), instrument_key: bytes = b"") -> ProviderPayment:
    """What Stripe says of one payment. ValueError for amounts that make no sense."""
    intent, status = session.payment_intent, status_of(session)
    amount, currency = (intent.amount, intent.currency) if intent else (session.amount_total, session.currency)
    if intent is not None and status is ProviderStatus.SUCCEEDED:
        amount = intent.amount_received
    currency = currency.upper()
    dispute, disputed = _dispute_of(disputes)
    charge = session.charge
    return ProviderPayment(
        ref=session.id,
        house_id=session.metadata.get(HOUSE, ""),
        payment_id=session.metadata.get(PAYMENT, ""),
        status=status,
        amount_minor=from_stripe(amount, currency),
        currency=currency,
        refunded_minor=from_stripe(charge.amount_refunded if charge else 0, currency),
        pay_url=session.url or "",
        reason=_error_of(session) if status is ProviderStatus.FAILED else "",
        dispute=dispute,
        disputed_minor=from_stripe(disputed, currency),
        instrument=_instrument_of(charge, session.metadata.get(HOUSE, ""), instrument_key),
    )


def _error_of(session: Session) -> str:
    error = session.payment_intent.last_payment_error if session.payment_intent else None
    return "" if error is None else error.code or error.decline_code or "declined"


def _dispute_of(disputes: Sequence[Dispute]) -> tuple[DisputeState, int]:
    """Of several, what is lost outranks what is open, and that what was won. KeyError for a status nobody knows."""
    states = [(_DISPUTES[dispute.status], dispute.amount) for dispute in disputes]
    for state in (DisputeState.LOST, DisputeState.OPEN, DisputeState.WON):
        amounts = [amount for found, amount in states if found is state]
        if amounts:
            return state, sum(amounts)
    return DisputeState.NONE, 0


def _instrument_of(charge: Charge | None, house_id: str, key: bytes) -> str:
    method = charge.payment_method_details if charge else None
    return instrument_of(key, house_id, method.card.fingerprint if method and method.card else None)


def webhook_event_of(event: Event) -> WebhookEvent:
    """Where to look. An event about no payment names itself, and is then found to be about none."""
    thing = event.data.object
    kind = thing.get("object")
    if kind in {"checkout.session", "payment_intent"}:
        ref = thing.get("id")
    elif kind in {"charge", "refund", "dispute"}:
        ref = thing.get("payment_intent")
    else:
        ref = None
    return WebhookEvent(event.id, ref if isinstance(ref, str) and ref else event.id)


class MethodConfigurations(msgspec.Struct, frozen=True):
    """What an account offers its buyers: of each configuration, by method, whether it is there and switched on."""

    data: list[dict[str, Any]]

    @property
    def offered(self) -> Sequence[str]:
        """The methods of the default configuration, in the order in which Stripe tells them."""
        default = next((one for one in self.data if one.get("is_default") and one.get("active")), {})
        return [name for name, told in default.items() if isinstance(told, dict) and _is_on(told)]


def _is_on(told: Mapping[str, Any]) -> bool:
    preference = told.get("display_preference")
    return bool(told.get("available")) and isinstance(preference, dict) and preference.get("value") == "on"
