"""Page tokens: opaque to the caller, bound to the house that they were made for."""

from __future__ import annotations

import base64
import binascii

from services.contracts.bounds import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from services.runtime.errors import FieldInvalid
from services.runtime.ids import refused_key

# A version, a house id and a performance id of 64 characters each, and separators, in base64.
MAX_TOKEN_CHARACTERS = 200
_VERSION = "1"


def page_size_of(asked: int) -> int | FieldInvalid:
    """The size to use; 0 takes the default."""
    if asked > MAX_PAGE_SIZE:
        return FieldInvalid(field="page_size", problem="is too large", limit=f"at most {MAX_PAGE_SIZE}")
    return asked or DEFAULT_PAGE_SIZE


def token_after(house_id: str, performance_id: str) -> str:
    """The token of the page that follows `performance_id`."""
    return base64.urlsafe_b64encode(f"{_VERSION}:{house_id}:{performance_id}".encode()).decode().rstrip("=")


def performance_after(token: str, house_id: str) -> str | FieldInvalid:
    """The performance id that the page follows, empty for the first page."""
    if not token:
        return ""
    refused = FieldInvalid(
        field="page_token", problem="was not made by this call for this house", limit="next_page_token of a page before"
    )
    if len(token) > MAX_TOKEN_CHARACTERS:
        return refused
    try:
        padded = token + "=" * (-len(token) % 4)
        version, of_house, performance_id = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split(":")
    except (binascii.Error, ValueError):
        return refused
    whole = version == _VERSION and of_house == house_id and refused_key("page_token", performance_id) is None
    return performance_id if whole else refused
