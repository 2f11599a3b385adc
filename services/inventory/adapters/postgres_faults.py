"""Which errors of a Postgres call mean that the database did not answer: its outcome is unknown."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

UNAVAILABLE = (DBAPIError, PoolExhausted, OSError, TimeoutError)

# SQLSTATE classes that tell of the statement itself: it would be refused again and again.
_FOR_GOOD = {"22", "42", "54"}


def is_for_good(error: BaseException) -> bool:
    """Whether the database has answered, and will answer so however often it is asked."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(state, str) and state[:2] in _FOR_GOOD
