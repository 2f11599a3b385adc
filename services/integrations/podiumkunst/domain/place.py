"""Numbers as page tokens can name them: a number has signs that no token takes."""

from __future__ import annotations

import base64
import binascii


def item_of_number(number: str) -> str:
    """At most 64 letters, digits, '-' and '_' (see MAX_NUMBER_CHARS)."""
    return base64.urlsafe_b64encode(number.encode()).decode().rstrip("=")


def number_of_item(item_id: str) -> str:
    """The number; of what is none, a text that stands somewhere in the order."""
    try:
        return base64.urlsafe_b64decode(item_id + "=" * (-len(item_id) % 4)).decode()
    except (binascii.Error, ValueError):
        return item_id
