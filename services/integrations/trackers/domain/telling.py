"""What the server tells a company by itself, beside what the browser tells it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.integrations.trackers.domain.consents import may_tell
from services.integrations.trackers.domain.reached import Call
from services.integrations.trackers.domain.tracker import TrackerKind
from services.integrations.trackers.domain.visit import Visit

DAY_MS: Final = 24 * 3_600_000
# What happened longer ago no company takes from a server: it is not sent, and the queue gives it up by itself.
OLDEST_MS: Final[Mapping[TrackerKind, int]] = {
    TrackerKind.META_PIXEL: 7 * DAY_MS,
    TrackerKind.GOOGLE_ADS: 60 * DAY_MS,
    TrackerKind.X_PIXEL: 30 * DAY_MS,
}


@dataclass(frozen=True, slots=True)
class Telling:
    """A call that the visit allows (may_tell), for a tracker that has credentials."""

    call: Call
    # What the performance is called among advertising companies; the browser's call says the same.
    content_id: str


def is_for_the_server(call: Call, visit: Visit | None) -> bool:
    """Whether the server tells it: nothing of a visit that is not known, or that does not allow it."""
    tracker = call.tracker
    return visit is not None and bool(tracker.credentials_hint) and may_tell(tracker.kind, visit.consents)
