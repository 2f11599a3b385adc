"""What a decision can be: yes with what changes, or a refusal. Nothing is decided here."""

from __future__ import annotations

from typing import Generic, Never, TypeVar

import msgspec

from services.inventory.domain.changes import Change, HoldChange, RecordChange
from services.inventory.domain.records import Hold
from services.runtime.errors import Refusal

ChangeT_co = TypeVar("ChangeT_co", bound=Change, covariant=True)


class Accepted(msgspec.Struct, Generic[ChangeT_co], frozen=True, gc=False):
    """Yes: what changes (nothing, where the command was obeyed before) and the hold to tell the caller, if any."""

    change: ChangeT_co | None = None
    hold: Hold | None = None


# A command of one lane changes nothing that belongs to the other.
HoldDecision = Accepted[HoldChange] | Refusal
RecordDecision = Accepted[RecordChange] | Refusal
Decision = Accepted[Change] | Refusal

NOTHING: Accepted[Never] = Accepted()
