"""Which errors of a Postgres call mean that the database did not answer: its outcome is unknown."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

UNAVAILABLE = (DBAPIError, PoolExhausted, OSError, TimeoutError)
