"""A tracker: a house's pixel, tag or container at one of four companies (R3.11), and its ids by their form. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields

# Not archived, of one house.
MAX_TRACKERS: Final = 100


class TrackerKind(Enum):
    """The companies of R3.11; names as in balcon.trackers.v1.TrackerKind."""

    META_PIXEL = "META_PIXEL"
    GOOGLE_ADS = "GOOGLE_ADS"
    GOOGLE_TAG_MANAGER = "GOOGLE_TAG_MANAGER"
    X_PIXEL = "X_PIXEL"


@dataclass(frozen=True, slots=True)
class GoogleDestination:
    """Where conversions of Google Ads go when the server tells them; '' each: it tells none."""

    customer: str = ""
    start_action: str = ""
    purchase_action: str = ""
    # The manager account through which the customer is reached; '': none.
    login_customer: str = ""

    @property
    def is_set(self) -> bool:
        """Whether the server can address anything by it."""
        return bool(self.customer)


@dataclass(frozen=True, slots=True)
class TrackerIds:
    """How the company knows it.

    `account`: the pixel, AW-… or GTM-…. `start_event` and `purchase_event`: conversion labels of Google Ads, event ids
    of X; the others have none.
    """

    account: str
    start_event: str = ""
    purchase_event: str = ""
    google: GoogleDestination = GoogleDestination()


@dataclass(frozen=True, slots=True)
class Credentials:
    """What lets the server in, by the names of CREDENTIAL_NAMES; never told back and never logged."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    def hint(self) -> str:
        """By what people know them again: the end of the longest secret; '' where there is none."""
        longest = max((value for name, value in self.values.items() if name not in _TELLABLE), key=len, default="")
        return f"…{longest.rstrip()[-4:]}" if len(longest) >= _LONG_ENOUGH else "…" if longest else ""


# A tail of less would be a good part of it.
_LONG_ENOUGH: Final = 16
_TELLABLE: Final = frozenset({"test_event_code", "oauth_client", "service_account_key"})


@dataclass(frozen=True, slots=True)
class Tracker:
    """A tracker of a house. `credentials_hint` is '' where the server tells nothing for it."""

    house_id: str
    tracker_id: str
    kind: TrackerKind
    name: str
    ids: TrackerIds
    credentials_hint: str
    archived: bool
    revision: int


@dataclass(frozen=True, slots=True)
class _Form:
    """The shape of an id, and how people are told of it."""

    pattern: re.Pattern[str]
    told: str

    def refused(self, name: str, value: str) -> FieldInvalid | None:
        if self.pattern.fullmatch(value):
            return None
        return FieldInvalid(name, f"is {value[:40]!r}" if value else UNSET, self.told)


_ACCOUNTS: Final[Mapping[TrackerKind, _Form]] = {
    TrackerKind.META_PIXEL: _Form(re.compile(r"[1-9][0-9]{7,19}"), "the pixel's number, 8 to 20 digits"),
    TrackerKind.GOOGLE_ADS: _Form(re.compile(r"AW-[1-9][0-9]{5,14}"), "AW- and 6 to 15 digits"),
    TrackerKind.GOOGLE_TAG_MANAGER: _Form(re.compile(r"GTM-[A-Z0-9]{4,12}"), "GTM- and 4 to 12 of A-Z, 0-9"),
    TrackerKind.X_PIXEL: _Form(re.compile(r"[a-z0-9]{4,12}"), "the pixel's id, 4 to 12 of a-z, 0-9"),
}
_LABEL: Final = _Form(re.compile(r"[A-Za-z0-9_-]{8,64}"), "a conversion label, 8 to 64 of A-Z, a-z, 0-9, '_', '-'")
_DIGITS: Final = _Form(re.compile(r"[1-9][0-9]{2,19}"), "digits, 3 to 20, without hyphens")
_SECRET: Final = _Form(re.compile(r"[\x21-\x7e]{1,4096}"), "1 to 4,096 characters without blanks")
_KEY_FILE: Final = _Form(re.compile(r"\s*\{[\s\S]{1,16382}\}\s*"), "the JSON key file, at most 16,384 characters")

# Which credentials each company takes: one of the sets whole; what is optional beside them.
CREDENTIAL_NAMES: Final[Mapping[TrackerKind, tuple[frozenset[str], ...]]] = {
    TrackerKind.META_PIXEL: (frozenset({"access_token"}),),
    TrackerKind.GOOGLE_ADS: (
        frozenset({"service_account_key"}),
        frozenset({"oauth_client", "oauth_client_secret", "oauth_refresh_token"}),
    ),
    TrackerKind.GOOGLE_TAG_MANAGER: (),
    TrackerKind.X_PIXEL: (frozenset({"consumer_key", "consumer_secret", "token", "token_secret"}),),
}
_OPTIONAL: Final[Mapping[TrackerKind, frozenset[str]]] = {TrackerKind.META_PIXEL: frozenset({"test_event_code"})}


def refused_name(name: str, value: str) -> FieldInvalid | None:
    """The refusal for what people cannot call a tracker, else None."""
    return refused_text(name, value, at_most=MAX_NAME_CHARS)


def refused_ids(kind: TrackerKind, ids: TrackerIds, prefix: str = "") -> FieldInvalid | None:
    """All that is wrong with the ids by their form, else None. Whether the company knows them only it can tell."""
    return refused_fields(
        (
            _ACCOUNTS[kind].refused(f"{prefix}account", ids.account),
            *_refused_events(kind, ids, prefix),
            *_refused_google(kind, ids.google, f"{prefix}google"),
        )
    )


def _refused_events(kind: TrackerKind, ids: TrackerIds, prefix: str) -> Collection[FieldInvalid | None]:
    events = {f"{prefix}start_event": ids.start_event, f"{prefix}purchase_event": ids.purchase_event}
    if kind in {TrackerKind.META_PIXEL, TrackerKind.GOOGLE_TAG_MANAGER}:
        return [_only_empty(name, value, kind) for name, value in events.items()]
    form = _LABEL if kind is TrackerKind.GOOGLE_ADS else _x_event(ids.account)
    twice = ids.start_event == ids.purchase_event and ids.start_event
    same = FieldInvalid(f"{prefix}purchase_event", "is the start's as well", "an event of its own") if twice else None
    return [*(form.refused(name, value) for name, value in events.items()), same]


def _x_event(account: str) -> _Form:
    pattern = re.compile(rf"tw-{re.escape(account)}-[a-z0-9]{{4,12}}")
    return _Form(pattern, f"an event of this pixel, tw-{account[:12] or 'pixel'}-…")


def _refused_google(kind: TrackerKind, google: GoogleDestination, prefix: str) -> Collection[FieldInvalid | None]:
    needed = {
        f"{prefix}.customer": google.customer,
        f"{prefix}.start_action": google.start_action,
        f"{prefix}.purchase_action": google.purchase_action,
    }
    everything = {**needed, f"{prefix}.login_customer": google.login_customer}
    if kind is not TrackerKind.GOOGLE_ADS:
        return [_only_empty(name, value, kind) for name, value in everything.items()]
    if not any(everything.values()):
        return ()
    optional = {name: value for name, value in everything.items() if name not in needed and value}
    return [_DIGITS.refused(name, value) for name, value in {**needed, **optional}.items()]


def _only_empty(name: str, value: str, kind: TrackerKind) -> FieldInvalid | None:
    return FieldInvalid(name, "is set", f"empty for {kind.value}") if value else None


def refused_credentials(kind: TrackerKind, given: Credentials, prefix: str) -> FieldInvalid | None:
    """All that is wrong with credentials, else None. None at all is fine: then the server tells nothing."""
    names = frozenset(given.values)
    if not names:
        return None
    known = frozenset().union(*CREDENTIAL_NAMES[kind], _OPTIONAL.get(kind, frozenset()))
    needed = names - _OPTIONAL.get(kind, frozenset())
    ways = " or ".join(", ".join(sorted(way)) for way in CREDENTIAL_NAMES[kind]) or f"none for {kind.value}"
    unfit = needed not in CREDENTIAL_NAMES[kind]
    return refused_fields(
        (
            FieldInvalid(prefix, f"has {', '.join(sorted(names))}", ways) if unfit else None,
            *(_refused_secret(f"{prefix}.{name}", name, given.values[name]) for name in sorted(names & known)),
        )
    )


def _refused_secret(field_name: str, name: str, value: str) -> FieldInvalid | None:
    form = _KEY_FILE if name == "service_account_key" else _SECRET
    # Never a word of the secret itself.
    return None if form.pattern.fullmatch(value) else FieldInvalid(field_name, "is not of that form", form.told)
