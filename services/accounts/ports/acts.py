"""The act log inside one transaction. There is no way to change or to remove what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.accounts.domain.act_log import ActFilter, NamedAct
from services.contracts.pages import Place


class Acts(Protocol):
    """Any call may raise StoreUnavailable."""

    async def page(self, house_id: str, wanted: ActFilter, after: Place | None, limit: int) -> Sequence[NamedAct]:
        """The newest first, then by id downwards; at most `limit`, those after the place."""
        ...
