"""What MailChimp tells by itself: a change of one member of one audience, without its address."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NewsKind(StrEnum):
    """MailChimp's own words."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    PROFILE = "profile"
    CLEANED = "cleaned"
    UPEMAIL = "upemail"


@dataclass(frozen=True, slots=True)
class News:
    """`subscriber`: whom it is about; `became`: what an UPEMAIL makes of it. `said_at_ms`: when, by their clock.

    `digest` is the same for the same news told twice.
    """

    list_id: str
    kind: NewsKind
    subscriber: str
    said_at_ms: int
    digest: str
    became: str = ""
    # Somebody has deleted or archived the contact there.
    is_removal: bool = False
