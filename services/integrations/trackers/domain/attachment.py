"""A tracker is attached to a performance, or to all of a production (R3.13); never to another house's (R3.14). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class AttachmentScope(Enum):
    """To what; names as in balcon.trackers.v1.AttachmentScope."""

    PERFORMANCE = "PERFORMANCE"
    PRODUCTION = "PRODUCTION"


@dataclass(frozen=True, slots=True)
class Attachment:
    """Tracker and thing are of the same house."""

    house_id: str
    tracker_id: str
    scope: AttachmentScope
    thing_id: str
    attached_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Show:
    """What trackers know of a performance. `revision` is the catalogue's: what is older changes nothing."""

    house_id: str
    performance_id: str
    production_id: str
    title: str
    starts_at_ms: int
    revision: int

    @property
    def content_id(self) -> str:
        """How advertising companies know the evening again: production|house|start, as Meta does with cinemas."""
        return f"{self.production_id}|{self.house_id}|{self.starts_at_ms // 1_000}"
