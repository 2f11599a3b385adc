"""One-time links: who opens one has read a mail. Of the secret in it only a hash is kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from services.accounts.domain.refusals import LinkExpired, LinkUsed
from services.contracts.email_addresses import EmailAddress

SECRET_PREFIX = "bl_"  # noqa: S105 (what every secret begins with)
RESET_MS = 30 * 60_000
CONFIRMATION_MS = 24 * 3_600_000
# As many links to a new password as a person can have at once: nobody is flooded with mails by a stranger.
MAX_RESETS_AT_ONCE = 3


class LinkPurpose(Enum):
    """What it is for."""

    RESET = "reset"
    CONFIRM_EMAIL = "confirm_email"


@dataclass(frozen=True, slots=True)
class Link:
    """`email` is where it was sent."""

    secret_hash: bytes
    purpose: LinkPurpose
    person_id: str
    email: EmailAddress
    expires_at_ms: int
    used_at_ms: int | None = None


def refused_link(link: Link, now_ms: int) -> LinkUsed | LinkExpired | None:
    """The refusal for a link that is good no more, else None."""
    if link.used_at_ms is not None:
        return LinkUsed()
    return LinkExpired() if now_ms >= link.expires_at_ms else None
