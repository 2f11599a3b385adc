"""Which faults pass by themselves, and how long to wait for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.runtime.bus.faults import BusUnreachable, MessageRefused
from services.runtime.outbox.retries import Backoff
from services.runtime.sql.faults import is_transient


class DriverError(Exception):
    """As asyncpg's errors: with an SQLSTATE."""

    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate
        super().__init__(sqlstate)


def sql_error(sqlstate: str) -> DBAPIError:
    """What SQLAlchemy raises for it."""
    return OperationalError("SELECT 1", {}, DriverError(sqlstate))


@pytest.mark.parametrize("sqlstate", ["08006", "40001", "40P01", "53300", "55P03", "57P01", "57P03", "58030"])
def test_sql_errors_of_the_moment_pass(sqlstate: str) -> None:
    assert is_transient(sql_error(sqlstate))


@pytest.mark.parametrize("sqlstate", ["22012", "23505", "42P01", "57014", "XX000", ""])
def test_sql_errors_of_the_statement_do_not_pass(sqlstate: str) -> None:
    assert not is_transient(sql_error(sqlstate))


@pytest.mark.parametrize("error", [BusUnreachable(), ConnectionResetError(), TimeoutError(), PoolTimeout()])
def test_lost_connections_and_retryable_faults_pass(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error", [ValueError(), KeyError(), MessageRefused(), IntegrityError("x", {}, DriverError("23505"))]
)
def test_defects_and_fatal_faults_do_not_pass(error: Exception) -> None:
    assert not is_transient(error)


def test_a_statement_on_a_dead_connection_is_transient() -> None:
    assert is_transient(DBAPIError("SELECT 1", {}, DriverError(""), connection_invalidated=True))


@given(st.text(), st.integers(1, 100))
def test_waits_grow_within_their_bounds(seed: str, tries: int) -> None:
    backoff = Backoff(0.1, 5.0, seed=seed)
    for n in range(tries):
        full = min(0.1 * 2**n, 5.0)
        assert full / 2 <= backoff.next_seconds() <= full
    assert backoff.tries == tries
    backoff.reset()
    assert backoff.next_seconds() <= 0.1
