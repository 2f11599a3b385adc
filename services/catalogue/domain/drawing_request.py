"""A house asks the operator to draw its plan (R2.13): requested, in work, then delivered or declined."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import Enum

from services.catalogue.domain.refusals import PlanDrawingEnded
from services.contracts.texts import text_problem
from services.runtime.errors import UNSET, FieldInvalid

MAX_NOTES_CHARS = 2_000
# What a sketch or a scanned plan needs, and a message carries.
MAX_ATTACHMENT_BYTES = 5_000_000
_ATTACHMENT_LIMIT = f"a PDF, jpg, png or gif by its content, {MAX_ATTACHMENT_BYTES:,} bytes"
_PICTURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF8", "image/gif"))
_PDF, _PDF_END = b"%PDF-", b"%%EOF"
_PDF_TAIL_BYTES = 2_048
PDF_TYPE = "application/pdf"


class DrawingState(Enum):
    """Values are what the store keeps."""

    REQUESTED = "requested"
    IN_WORK = "in_work"
    DELIVERED = "delivered"
    DECLINED = "declined"


ENDED = frozenset({DrawingState.DELIVERED, DrawingState.DECLINED})


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture or a PDF, and what its content says that it is."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class DrawingRequest:
    """`plan_version` is the version that was delivered, 0 until then; `reason`: why it was declined."""

    drawing_id: str
    house_id: str
    hall_id: str
    notes: str
    attachment_type: str
    state: DrawingState
    requested_at_ms: int
    changed_at_ms: int
    reason: str = ""
    plan_version: int = 0


def refused_notes(notes: str) -> FieldInvalid | None:
    """The refusal for notes that say nothing or too much; they may have several lines."""
    problem = text_problem(notes.replace("\r", "").replace("\n", " ").replace("\t", " "), 1, MAX_NOTES_CHARS)
    if problem is None:
        return None
    return FieldInvalid("notes", problem if notes else UNSET, f"1 to {MAX_NOTES_CHARS:,} characters")


def attachment_type(content: bytes) -> str | FieldInvalid:
    """What it is by its content; empty where there is none."""
    if not content:
        return ""
    if len(content) > MAX_ATTACHMENT_BYTES:
        return FieldInvalid("attachment", f"has {len(content):,} bytes", _ATTACHMENT_LIMIT)
    if content.startswith(_PDF):
        if _PDF_END in content[-_PDF_TAIL_BYTES:]:
            return PDF_TYPE
        return FieldInvalid("attachment", "is a PDF that is cut short", _ATTACHMENT_LIMIT)
    for start, media_type in _PICTURES:
        if content.startswith(start):
            return media_type
    return FieldInvalid("attachment", "is something else", _ATTACHMENT_LIMIT)


def started(request: DrawingRequest, now_ms: int) -> DrawingRequest | PlanDrawingEnded | None:
    """The operator draws. None: it is in work already."""
    if request.state is DrawingState.IN_WORK:
        return None
    return _moved(request, DrawingState.IN_WORK, now_ms)


def delivered(request: DrawingRequest, plan_version: int, now_ms: int) -> DrawingRequest | PlanDrawingEnded:
    """It became a version of the hall's plan, also without having been in work."""
    moved = _moved(request, DrawingState.DELIVERED, now_ms)
    return moved if isinstance(moved, PlanDrawingEnded) else dataclasses.replace(moved, plan_version=plan_version)


def declined(request: DrawingRequest, reason: str, now_ms: int) -> DrawingRequest | PlanDrawingEnded:
    """The house reads why."""
    moved = _moved(request, DrawingState.DECLINED, now_ms)
    return moved if isinstance(moved, PlanDrawingEnded) else dataclasses.replace(moved, reason=reason)


def _moved(request: DrawingRequest, state: DrawingState, now_ms: int) -> DrawingRequest | PlanDrawingEnded:
    if request.state in ENDED:
        return PlanDrawingEnded(request.drawing_id, request.state.value)
    return dataclasses.replace(request, state=state, changed_at_ms=now_ms)
