"""Houses, and the rules of a house's label, time zone, currency and languages (R2.1)."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.languages import refused_languages
from services.contracts.money import refused_currency
from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields

MAX_LABEL_CHARS = 63

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_LABEL_LIMIT = f"1 to {MAX_LABEL_CHARS} lower case letters, digits and inner hyphens"
# Names of hosts that Balcon or a mail system needs for itself.
RESERVED_LABELS = frozenset(
    {
        "account",
        "accounts",
        "admin",
        "api",
        "app",
        "assets",
        "autoconfig",
        "autodiscover",
        "balcon",
        "blog",
        "cdn",
        "docs",
        "ftp",
        "grpc",
        "help",
        "imap",
        "localhost",
        "login",
        "mail",
        "metrics",
        "ns",
        "operator",
        "pop",
        "root",
        "shop",
        "smtp",
        "static",
        "status",
        "support",
        "webmail",
        "www",
    }
)
# Files of some machines' time zone folders that name no place.
_NO_ZONES = frozenset({"Factory", "localtime", "posixrules"})


@dataclass(frozen=True, slots=True)
class House:
    """A tenant. `time_zone` is an IANA name, `currency` ISO 4217; the first of `languages` is the default."""

    house_id: str
    label: str
    name: str
    time_zone: str
    currency: str
    languages: tuple[str, ...]
    revision: int = 1


def refused_label(label: str) -> FieldInvalid | None:
    """R2.1: a subdomain label only, as DNS has it; the words say what is wrong with it."""
    if _LABEL.fullmatch(label) and len(label) <= MAX_LABEL_CHARS:
        if label.startswith("xn--") or label in RESERVED_LABELS:
            return FieldInvalid("label", "is reserved", _LABEL_LIMIT)
        return None
    return FieldInvalid("label", _label_problem(label), _LABEL_LIMIT)


def _label_problem(label: str) -> str:
    if not label:
        return UNSET
    if len(label) > MAX_LABEL_CHARS:
        return f"has {len(label):,} characters"
    if "." in label or ":" in label or "/" in label:
        return "has a dot or more: the label only, not a host name or address"
    if label != label.lower():
        return "has upper case letters"
    if label.startswith("-") or label.endswith("-"):
        return "begins or ends with a hyphen"
    return "has characters that a label cannot have"


def refused_time_zone(name: str) -> FieldInvalid | None:
    """The refusal for a name that the IANA time zone database does not have, else None."""
    if name in _time_zones():
        return None
    problem = f"{name[:MAX_NAME_CHARS]!r} is unknown" if name else UNSET
    return FieldInvalid("time_zone", problem, "an IANA name such as Europe/Berlin")


@lru_cache(maxsize=1)
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - _NO_ZONES


def refused_house(
    *, label: str, name: str, time_zone: str, currency: str, languages: Sequence[str], name_field: str = "name"
) -> FieldInvalid | None:
    """All that is wrong with what a new house says of itself, None if nothing is."""
    return refused_fields(
        (
            refused_label(label),
            refused_text(name_field, name, at_most=MAX_NAME_CHARS),
            refused_time_zone(time_zone),
            refused_currency("currency", currency),
            refused_languages("languages", languages),
        )
    )
