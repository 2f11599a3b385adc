"""Whether what was queued may still be told when it goes, and what exactly then. Pure."""

from __future__ import annotations

from services.integrations.trackers.domain.consents import ConsentKind, may_tell
from services.integrations.trackers.domain.tracker import Tracker
from services.integrations.trackers.domain.visit import Visit


def why_silent(tracker: Tracker | None, visit: Visit | None) -> str:
    """In words for staff; '': it may be told. A consent that was taken back counts for what has not gone."""
    if tracker is None or tracker.archived:
        return "the tracker is archived"
    if visit is None:
        return "the visit is forgotten"
    if not may_tell(tracker.kind, visit.consents):
        return "the visitor does not allow it any more"
    return ""


def is_personalization_allowed(visit: Visit) -> bool:
    """Whether the visitor agreed to be shown advertisements by it."""
    return ConsentKind.AD_PERSONALIZATION in visit.consents.granted()
