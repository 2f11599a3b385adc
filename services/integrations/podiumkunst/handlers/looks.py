"""A look at the platform as it is kept and told."""

from __future__ import annotations

from typing import Final

from services.integrations.podiumkunst.domain.connection import Look, LookAnswer
from services.integrations.podiumkunst.ports.platform import NotTold, Untold

_ANSWERS: Final = {
    Untold.LOCKED: LookAnswer.LOCKED,
    Untold.REFUSED: LookAnswer.REFUSED,
    Untold.SILENT: LookAnswer.SILENT,
    Untold.UNREADABLE: LookAnswer.UNREADABLE,
}
_MAX_NOTE_CHARS = 300


def look_of(told: object | None, now_ms: int, told_before_ms: int) -> Look:
    """None: nobody was asked, since the connection is off."""
    if told is None:
        return Look(LookAnswer.OFF, "the connection is off, or has no account", now_ms, told_before_ms)
    if isinstance(told, NotTold):
        return Look(_ANSWERS[told.why], told.note[:_MAX_NOTE_CHARS], now_ms, told_before_ms)
    return Look(LookAnswer.TOLD, "", now_ms, now_ms)
