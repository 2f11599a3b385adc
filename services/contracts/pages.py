"""Pages of lists: their size, and tokens, opaque to the caller and bound to the house that they were made for."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import NamedTuple

from services.contracts.bounds import DEFAULT_PAGE_SIZE, MAX_PAGE_PARTS, MAX_PAGE_SIZE
from services.runtime.errors import FieldInvalid, refused_fields
from services.runtime.ids import refused_key

# A version, an owner's id and an item's of 64 characters each, a time, and separators, in base64.
MAX_TOKEN_CHARS = 210
_VERSION = "1"
_MAX_TIME_DIGITS = 15
_NOT_OURS = FieldInvalid("page_token", "was not made by this call for this house", "next_page_token of a page before")


class Place(NamedTuple):
    """The last item of a page, in a list ordered by a time and then an id; `time_ms` is 0 where only ids count."""

    time_ms: int
    item_id: str


class AskedPage(NamedTuple):
    """The page that a request asks for: so many items at most, after a place; None is the first page."""

    after: Place | None
    size: int


def refused_page_size(asked: int) -> FieldInvalid | None:
    """The refusal for a page that is too large, else None."""
    if asked <= MAX_PAGE_SIZE:
        return None
    return FieldInvalid("page_size", f"is {asked}", f"0 to {MAX_PAGE_SIZE}")


def page_size_of(asked: int) -> int:
    """The size to use; 0 takes the default."""
    return asked or DEFAULT_PAGE_SIZE


def asked_page(
    page_size: int, page_token: str, owner_id: str, *checks: FieldInvalid | None
) -> AskedPage | FieldInvalid:
    """The page, or all that is wrong with the request. `checks`: what is wrong with its other fields, if any."""
    after = place_after(page_token, owner_id)
    wrong_token = after if isinstance(after, FieldInvalid) else None
    refusal = refused_fields((*checks, refused_page_size(page_size), wrong_token))
    if refusal is not None or isinstance(after, FieldInvalid):
        return refusal or _NOT_OURS
    return AskedPage(after, page_size_of(page_size))


def fitting(parts: Iterable[int]) -> int:
    """How many of the items fit into one answer: each has so many parts, such as prices. One at least, if there is one.

    A page of large items ends sooner than was asked for, and its token tells that there are more.
    """
    total = count = 0
    for more in parts:
        total += more
        if count and total > MAX_PAGE_PARTS:
            break
        count += 1
    return count


def token_after(owner_id: str, item_id: str, time_ms: int = 0) -> str:
    """The token of the page that follows this item of this house's (or nobody's: '') list."""
    text = f"{_VERSION}:{owner_id}:{time_ms}:{item_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_after(token: str, owner_id: str) -> Place | FieldInvalid | None:
    """The place that the page follows; None for the first page."""
    if not token:
        return None
    if len(token) > MAX_TOKEN_CHARS:
        return _NOT_OURS
    try:
        padded = token + "=" * (-len(token) % 4)
        version, owner, time_ms, item_id = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split(":")
    except (binascii.Error, ValueError):
        return _NOT_OURS
    if version != _VERSION or owner != owner_id or refused_key("page_token", item_id) is not None:
        return _NOT_OURS
    if not (time_ms.isascii() and time_ms.isdigit() and len(time_ms) <= _MAX_TIME_DIGITS):
        return _NOT_OURS
    return Place(int(time_ms), item_id)
