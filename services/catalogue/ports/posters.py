"""The images of productions' posters within one transaction of the catalogue's store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.catalogue.domain.poster import PosterImage, VersionedImage


class Posters(Protocol):
    """What belongs to another house is not found (INV-8). A production's own poster says which images there are."""

    async def replace(self, house_id: str, production_id: str, version: str, images: Sequence[PosterImage]) -> None:
        """In place of those that there are, if any."""
        ...

    async def remove(self, house_id: str, production_id: str) -> None: ...

    async def image(self, house_id: str, production_id: str, width: int, version: str) -> VersionedImage | None:
        """The smallest that is at least so wide, else the largest; 0 is the largest, and "" any version."""
        ...
