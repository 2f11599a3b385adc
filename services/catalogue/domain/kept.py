"""Things that a house keeps and changes: what all of them have beside what each is. No rule of any of them is here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from services.contracts.changes import etag_of

Body = TypeVar("Body")


@dataclass(frozen=True, slots=True)
class Kept(Generic[Body]):
    """A thing of a house, in its revision. What is archived is for nothing new."""

    house_id: str
    thing_id: str
    body: Body
    created_at_ms: int
    revision: int = 1
    # 0 while it is in use.
    archived_at_ms: int = 0

    @property
    def etag(self) -> str:
        """Changes with it."""
        return etag_of(self.revision)
