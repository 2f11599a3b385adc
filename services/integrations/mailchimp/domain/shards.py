"""Members are told in so many rows side by side; whoever is in one of them is told in order."""

from __future__ import annotations

import zlib
from typing import Final

# With what is asked by hand it stays below the ten connections that MailChimp lets an account have.
SHARDS: Final = 8


def shard_of(customer_id: str) -> int:
    """The same for good: rows that are kept have it."""
    return zlib.crc32(customer_id.encode()) % SHARDS
