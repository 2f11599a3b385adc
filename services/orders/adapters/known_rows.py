"""Order rows that this process has written or read, each with the version of it that the database named.

A row is used again only under a version that was just told, so it is never older than a row that was read anew: what
it spares is the reading of parts, tickets and refunds, and their way out of JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from services.orders.adapters.order_turns import OrderRow
from services.orders.ports import OrderRef

# Some kilobytes each: as many as are on their way at once in a rush.
MOST_KEPT = 4_096

# What the database calls this very state of a row: no other row that was ever committed has it.
Version: TypeAlias = str
Seen: TypeAlias = tuple[Version, OrderRow]


class KnownRows:
    """The last that were kept. Nothing may be kept of a transaction that has not committed."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._seen: dict[OrderRef, Seen] = {}

    def keep(self, rows: Mapping[OrderRef, Seen]) -> None:
        """In place of what was known."""
        for ref, seen in rows.items():
            self._seen.pop(ref, None)
            self._seen[ref] = seen
        while len(self._seen) > self._most:
            del self._seen[next(iter(self._seen))]

    def forget(self) -> None:
        """All of it: whoever tells versions from now on may be another server."""
        self._seen.clear()

    def has(self, ref: OrderRef) -> bool:
        """Whether it is worth asking for the version alone."""
        return ref in self._seen

    def still(self, versions: Mapping[OrderRef, Version]) -> dict[OrderRef, Seen]:
        """Of those versions, the rows that are known."""
        return {
            ref: seen
            for ref, version in versions.items()
            if (seen := self._seen.get(ref)) is not None and seen[0] == version
        }


def not_in(refs: Iterable[OrderRef], known: Mapping[OrderRef, object]) -> list[OrderRef]:
    """The refs that are left."""
    return [ref for ref in refs if ref not in known]
