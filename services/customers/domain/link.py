"""Links in mails: who opens one has read it. Of the secret in it only a hash is kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Final

from services.customers.domain.consent import Tick
from services.customers.domain.refusals import LinkExpired, LinkUsed
from services.runtime.errors import UNSET, FieldInvalid

LINK_PREFIX: Final = "cl_"
SESSION_PREFIX: Final = "cs_"
LOG_IN_MS: Final = 30 * 60_000
CONFIRMATION_MS: Final = 14 * 24 * 3_600_000
SESSION_MS: Final = 2 * 3_600_000
# As many links to the own data as a customer can have at once: nobody is flooded with mails by a stranger.
MAX_OPEN_LINKS: Final = 3
# And as many unanswered questions for a confirmation.
MAX_OPEN_CONFIRMATIONS: Final = 10
MAX_SECRET_CHARS: Final = 80


class LinkPurpose(Enum):
    """What it is for."""

    LOG_IN = "log_in"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Link:
    """`ticks`: the consents that opening it confirms."""

    house_id: str
    secret_hash: bytes
    purpose: LinkPurpose
    customer_id: str
    email_key: str
    expires_at_ms: int
    used_at_ms: int | None = None
    ticks: tuple[Tick, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """What an opened link is good for."""

    house_id: str
    secret_hash: bytes
    customer_id: str
    expires_at_ms: int


def refused_link(link: Link, now_ms: int) -> LinkUsed | LinkExpired | None:
    """The refusal for a link that is good no more, else None."""
    if link.used_at_ms is not None:
        return LinkUsed()
    return LinkExpired() if now_ms >= link.expires_at_ms else None


def hash_of(secret: str) -> bytes:
    """SHA-256: the secret has 192 random bits, which no slow hash could make harder to guess."""
    return hashlib.sha256(secret.encode()).digest()


def refused_secret(field: str, secret: str) -> FieldInvalid | None:
    """The refusal for what was never the secret of a mail or a session, else None."""
    if not secret:
        return FieldInvalid(field, UNSET, "as it was told")
    if len(secret) <= MAX_SECRET_CHARS:
        return None
    return FieldInvalid(field, f"has {len(secret):,} characters", f"at most {MAX_SECRET_CHARS} characters")
