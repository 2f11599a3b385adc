"""Which errors of a database call mean that it is away: the one place that classes them. Knows no query and no port."""

from __future__ import annotations

import errno
import socket

import asyncpg
from asyncpg import InternalClientError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.runtime.errors import Retryable, StoreUnavailable

# SQLSTATE classes that tell of the statement itself: it would be refused again and again.
_PERMANENT = {"22", "42", "54"}
# SQLSTATE classes that pass by themselves: connection, rollback (deadlock, serialisation), resources, operator, system.
_TRANSIENT = ("08", "40", "53", "57", "58")
_STATEMENT_TIMEOUT = "57014"  # of class 57, but the statement's own fault
_LOCK_NOT_AVAILABLE = "55P03"
_NO_WAY = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}


def is_permanent(error: BaseException) -> bool:
    """Whether the database has answered, and will answer so however often it is asked."""
    return _state(error)[:2] in _PERMANENT


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed later: the fault is not in the work."""
    # InternalClientError is what a pooled connection says that the server ended meanwhile.
    if isinstance(error, Retryable | OSError | TimeoutError | PoolTimeout | InternalClientError):
        return True
    # SQLAlchemy lets the errors of opening a connection through as they are.
    if not isinstance(error, DBAPIError | asyncpg.PostgresError):
        return False
    state = _state(error)
    if state == _STATEMENT_TIMEOUT:
        return False
    is_cut = isinstance(error, DBAPIError) and error.connection_invalidated
    return is_cut or state == _LOCK_NOT_AVAILABLE or state.startswith(_TRANSIENT)


def as_fault(error: Exception) -> Exception:
    """StoreUnavailable for a transient error of the database; any other error as it is.

    A connection that failed or a silence is taken for the database's whatever raised it: what a service cannot reach it
    reaches later, and that is all a caller needs to know.
    """
    if isinstance(error, Retryable) or not is_transient(error):
        return error
    if isinstance(error, OSError) and not _is_of_the_network(error):
        return error
    return StoreUnavailable()


def _is_of_the_network(error: OSError) -> bool:
    """A full disk and a missing file are OSErrors too, and no matter of waiting."""
    return isinstance(error, ConnectionError | TimeoutError | socket.gaierror) or error.errno in _NO_WAY


def _state(error: BaseException) -> str:
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state if isinstance(state, str) else ""
