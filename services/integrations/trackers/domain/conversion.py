"""What an advertising company is told of one step of a purchase, before it has that company's form. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.integrations.trackers.domain.hashing import Person
from services.integrations.trackers.domain.reached import Worth
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.visit import Traces


@dataclass(frozen=True, slots=True)
class Conversion:
    """One step of one visit, or of one order, for one tracker."""

    step: Step
    # The same for the browser's call and ours: by it the company counts the two once.
    event_id: str
    at_ms: int
    traces: Traces
    person: Person = field(default_factory=Person)
    worth: Worth | None = None
    # What the performance is called among advertising companies; the browser's call has the same.
    content_id: str = ""
    tickets: int = 0
    order_id: str = ""
    # Consent mode's ad_personalization. Without ad_storage and ad_user_data there is no Conversion at all.
    is_personalization_allowed: bool = False
    # Of a refund: when the money went back; 0: it is none. `at_ms` is when the order was paid, `worth` what is left.
    refunded_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class MetaAccount:
    """A pixel, and the token of its Conversions API."""

    pixel_id: str
    access_token: str = field(repr=False)
    # Meta's test events only; '' in earnest.
    test_event_code: str = ""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A service account of Google Cloud, as its key file has it."""

    client_email: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A person's lasting permission, with the client that it was given to."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class GoogleAccount:
    """A Google Ads account, its two conversion actions, and who may write to them."""

    customer_id: str
    start_action_id: str
    purchase_action_id: str
    credentials: ServiceAccount | RefreshToken
    # The manager account through which it is reached; '': none.
    login_customer_id: str = ""


@dataclass(frozen=True, slots=True)
class XAccount:
    """A pixel of X, its two events (tw-<pixel>-<event>), and the keys of a user who may write to it (OAuth 1.0a)."""

    pixel_id: str
    start_event_id: str
    purchase_event_id: str
    consumer_key: str
    consumer_secret: str = field(repr=False)
    token: str = field(repr=False)
    token_secret: str = field(repr=False)


Account = MetaAccount | GoogleAccount | XAccount
