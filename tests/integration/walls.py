"""Takes one of the two walls between houses away: the WHERE of the statements, or the policies of the tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from sqlalchemy import Engine, event, text

from services.runtime.testing.servers import as_owner

# A house in a condition, as SQLAlchemy and our own SQL write it; never in the list of an INSERT or of a SET.
_BEFORE = r"(?P<before>\b(?:WHERE|AND|ON|OR)\s+|\()"
_COLUMN = r"(?:\w+\.)?house_id"
_GIVEN = re.compile(rf"{_BEFORE}{_COLUMN} = (?P<given>\$\d+(?:::\w+)?)(?![\w:])")
_JOINED = re.compile(rf"{_BEFORE}{_COLUMN} = {_COLUMN}\b")


def without_house(statement: str) -> str:
    """The statement with every condition on a house replaced by one that always holds; parameters keep their places."""
    opened = _GIVEN.sub(r"\g<before>(\g<given>::text IS NOT NULL)", statement)
    return _JOINED.sub(r"\g<before>true", opened)


@dataclass
class Opened:
    """Which statements were changed."""

    statements: set[str] = field(default_factory=set)


@contextmanager
def statements_without_house() -> Iterator[Opened]:
    """Every statement of this process that is run within names no house in its WHERE."""
    opened = Opened()

    def open_up(_: Any, __: Any, statement: str, parameters: Any, ___: Any, ____: bool) -> tuple[str, Any]:
        changed = without_house(statement)
        if changed != statement:
            opened.statements.add(statement)
        return changed, parameters

    event.listen(Engine, "before_cursor_execute", open_up, retval=True)
    try:
        yield opened
    finally:
        event.remove(Engine, "before_cursor_execute", open_up)


@contextmanager
def second_wall_alone() -> Iterator[None]:
    """A test of houses' isolation passes within too: policies do what the statements no longer do."""
    with statements_without_house() as opened:
        yield
    assert opened.statements, "no statement asked for a house: this has shown nothing"


@contextmanager
def no_wall() -> Iterator[None]:
    """The negative control, on a database without policies: the same test fails within, if not its preparations do."""
    with statements_without_house(), pytest.raises((AssertionError, pytest.fail.Exception, grpc.aio.AioRpcError)):
        yield


async def take_policies_away(url: str) -> None:
    """Row-level security off, in the whole database."""
    async with as_owner(url).begin() as connection:
        secured = await connection.scalars(text("SELECT relname FROM pg_class WHERE relrowsecurity"))
        for table in secured.all():
            await connection.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))
