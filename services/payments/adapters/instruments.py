"""What a payment was paid with, as a keyed hash: the same card of a house is known again, and nothing tells which."""

from __future__ import annotations

import hashlib
import hmac


def instrument_of(key: bytes, house_id: str, fingerprint: str | None) -> str:
    """Of the provider's own fingerprint of a card; "" where it tells none, or where there is no key."""
    if not fingerprint or not key:
        return ""
    return hmac.new(key, f"{house_id}:card:{fingerprint}".encode(), hashlib.sha256).hexdigest()
