"""API keys of resellers: bk_<prefix>_<secret>. The prefix finds the key, the hash of the secret proves it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.accounts.domain.session import hash_of
from services.contracts.bounds import MAX_SEATS_PER_HOLD
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import refused_key

# The old one and the one that follows it.
MAX_LIVE_OF_A_RESELLER = 2
MAX_LIVE_OF_A_HOUSE = 200
MAX_PERFORMANCES = 500
MAX_ALLOTMENTS = 100
DEFAULT_CALLS_PER_MINUTE = 600
MAX_CALLS_PER_MINUTE = 100_000
DEFAULT_SEATS_HELD = 100
MAX_SEATS_HELD = 10_000
DEFAULT_SEATS_PER_ORDER = 10
# A key in use is written as used no more often than this.
TOUCH_MS = 60_000

_ID_PREFIX = "key_"
_KEY = re.compile(r"bk_([a-z0-9]{8,40})_([A-Za-z0-9_-]{20,100})")


@dataclass(frozen=True, slots=True)
class KeyScope:
    """What a reseller may sell, and how much at a time. No performances: all; no allotments: the free pool."""

    performance_ids: tuple[str, ...] = ()
    allotment_ids: tuple[str, ...] = ()
    calls_per_minute: int = DEFAULT_CALLS_PER_MINUTE
    seats_held: int = DEFAULT_SEATS_HELD
    seats_per_order: int = DEFAULT_SEATS_PER_ORDER


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`withdrawn_at_ms` None: it is good; `last_used_at_ms` None: it never was used."""

    house_id: str
    key_id: str
    reseller_id: str
    reseller_name: str
    secret_hash: bytes
    scope: KeyScope
    created_at_ms: int
    last_used_at_ms: int | None = None
    withdrawn_at_ms: int | None = None

    @property
    def is_live(self) -> bool:
        """Whether it may be used."""
        return self.withdrawn_at_ms is None

    @property
    def starts_with(self) -> str:
        """What the whole key begins with; no secret."""
        return f"bk_{self.key_id.removeprefix(_ID_PREFIX)}"

    def written(self, secret: str) -> str:
        """The whole key, as the reseller is given it."""
        return f"{self.starts_with}_{secret}"

    def proves(self, secret: str) -> bool:
        """Whether the secret is this key's, in the same time whatever it is."""
        return hmac.compare_digest(self.secret_hash, hash_of(secret))


def key_parts(written: str) -> tuple[str, str] | None:
    """Key id and secret of a whole key; None for what has not its form."""
    found = _KEY.fullmatch(written)
    return None if found is None else (_ID_PREFIX + found[1], found[2])


def refused_whole_key(value: str, field: str = "api_key") -> FieldInvalid | None:
    """The refusal for what has not the form of a key, else None. The value is never told: it may be nearly right."""
    if key_parts(value) is not None:
        return None
    return FieldInvalid(field, "is no key" if value else UNSET, "bk_<prefix>_<secret>, as it was given out")


def refused_scope(scope: KeyScope, field: str = "scope") -> FieldInvalid | None:
    """All that is wrong with a scope, None if nothing is."""
    return refused_fields(
        (
            _refused_ids(f"{field}.performance_ids", scope.performance_ids, MAX_PERFORMANCES),
            _refused_ids(f"{field}.allotment_ids", scope.allotment_ids, MAX_ALLOTMENTS),
            _refused_number(f"{field}.calls_per_minute", scope.calls_per_minute, MAX_CALLS_PER_MINUTE),
            _refused_number(f"{field}.seats_held", scope.seats_held, MAX_SEATS_HELD),
            _refused_number(f"{field}.seats_per_order", scope.seats_per_order, MAX_SEATS_PER_HOLD),
        )
    )


def _refused_ids(field: str, ids: Sequence[str], most: int) -> FieldInvalid | None:
    if len(ids) > most:
        return FieldInvalid(field, f"has {len(ids):,}", f"at most {most}")
    return refused_fields(refused_key(f"{field}[{place}]", one) for place, one in enumerate(ids))


def _refused_number(field: str, value: int, most: int) -> FieldInvalid | None:
    return None if 1 <= value <= most else FieldInvalid(field, f"is {value:,}", f"0 to {most:,}")
