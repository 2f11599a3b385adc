"""What an advertising company is told of one step of a purchase, before it has that company's form. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from services.integrations.trackers.domain.hashing import Person


class Told(StrEnum):
    """What happened. The five steps are those of R3.15; values are kept in bodies of what waits."""

    START = "start"
    SEATS = "seats"
    CUSTOMER = "customer"
    PAYMENT = "payment"
    DONE = "done"
    # What was told as DONE is worth less than was told: some of the money went back, or all of it.
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Traces:
    """What a visitor's browser left on its way here; never hashed, and sent only with the visit's consent."""

    ip_address: str = ""
    user_agent: str = ""
    page_url: str = ""
    # Meta's cookies.
    fbp: str = ""
    fbc: str = ""
    # Google's click ids.
    gclid: str = ""
    gbraid: str = ""
    wbraid: str = ""
    # X's click id.
    twclid: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """Tickets of one kind of thing; `item_id` is what the browser's snippet names too."""

    item_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Worth:
    """An amount in the smallest unit of its currency (ISO 4217)."""

    amount: int
    currency: str
    # How many digits stand after the point.
    digits: int = 2

    @property
    def in_units(self) -> float:
        """As companies write it: 2500 cents are 25.0."""
        return round(self.amount / float(10**self.digits), self.digits)


@dataclass(frozen=True, slots=True)
class Conversion:
    """One step of one visit, or of one order, for one tracker."""

    told: Told
    # The same for the browser's call and ours: by it the company counts the two once.
    event_id: str
    at_ms: int
    traces: Traces
    person: Person = field(default_factory=Person)
    worth: Worth | None = None
    items: tuple[Item, ...] = ()
    order_id: str = ""
    # Consent mode's ad_personalization. Without ad_storage and ad_user_data there is no Conversion at all.
    is_personalization_allowed: bool = False
    # Of a refund: when the money went back; `at_ms` is then when the order was paid, and `worth` what is left of it.
    changed_at_ms: int = 0


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
    """A pixel of X, its two events, and the keys of a user who may write to it (OAuth 1.0a)."""

    pixel_id: str
    start_event_id: str
    purchase_event_id: str
    consumer_key: str
    consumer_secret: str = field(repr=False)
    token: str = ""
    token_secret: str = field(repr=False, default="")


Account = MetaAccount | GoogleAccount | XAccount
