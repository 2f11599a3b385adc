"""What makes the images of a poster out of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.catalogue.domain.poster import PosterImage
from services.runtime.errors import Refusal


class PosterMaker(Protocol):
    """Decodes what strangers send, away from everything else."""

    async def images(self, field: str, content: bytes) -> Sequence[PosterImage] | Refusal:
        """The picture in each of its sizes, the smallest first. FieldInvalid about `field`, or Overloaded."""
        ...
