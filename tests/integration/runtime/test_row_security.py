"""Row-level security through the door: a role that cannot bypass the policy sees the rows of its scope, no others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.clock import SystemClock
from services.runtime.ids import seeded_random
from services.runtime.sql.connections import connected, for_single_statements, for_snapshots, own_session
from services.runtime.sql.engine import create_engine
from services.runtime.sql.policies import statements_for
from services.runtime.sql.row_security import FIRST_PLANS
from services.runtime.sql.scopes import AllHouses, HouseScope, Scope
from services.runtime.testing.servers import DatabaseUrl

EVERYWHERE = AllHouses("a test")
CLOCK = SystemClock()
HOUSES = ["hse_1", "hse_2", "o'neill \\"]
# No WHERE: the policy alone is to tell the houses apart.
SEEN = text("SELECT house_id FROM things ORDER BY house_id")
MINE = text("SELECT current_setting('balcon.house_id', true), current_setting('balcon.all_houses', true)")


@pytest.fixture
async def secured(database_url: DatabaseUrl) -> AsyncIterator[AsyncEngine]:
    """The engine of a role that owns nothing, over a table with one row a house. It has one connection."""
    url = make_url(database_url())
    role = f"{url.database}_service"
    owner = create_engine(url.render_as_string(hide_password=False), application="owner", pool_size=1)
    async with connected(owner, EVERYWHERE) as connection:
        for statement in (
            "CREATE TABLE things (house_id text NOT NULL)",
            f"CREATE ROLE {role} LOGIN NOBYPASSRLS PASSWORD 'a'",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON things TO {role}",
            *statements_for("things"),
        ):
            await connection.execute(text(statement))
        await connection.execute(text("INSERT INTO things VALUES (:house_id)"), [{"house_id": h} for h in HOUSES])
    theirs = url.set(username=role, password="a").render_as_string(hide_password=False)
    engine = create_engine(theirs, application="test", pool_size=1, may_bypass=False)
    yield engine
    await engine.dispose()
    async with connected(owner, EVERYWHERE) as connection:
        await connection.execute(text(f"DROP OWNED BY {role}"))
        await connection.execute(text(f"DROP ROLE {role}"))
    await owner.dispose()


async def seen(engine: AsyncEngine, scope: Scope) -> Sequence[str]:
    """The houses whose rows a query without any WHERE finds."""
    async with connected(engine, scope) as connection:
        return (await connection.execute(SEEN)).scalars().all()


async def test_a_house_sees_its_own_rows_in_every_form_of_connection(secured: AsyncEngine) -> None:
    for form in (secured, for_single_statements(secured), for_snapshots(secured)):
        for house_id in HOUSES:
            assert await seen(form, HouseScope(house_id)) == [house_id]
        assert await seen(form, EVERYWHERE) == sorted(HOUSES)


@pytest.mark.parametrize("house_id", ["", "*", "on", "hse_1' OR 'a' = 'a", "\\", "hse_1\\' --", "hse_1'; SELECT '"])
async def test_no_house_id_opens_another_house(secured: AsyncEngine, house_id: str) -> None:
    assert await seen(secured, HouseScope(house_id)) == []


async def test_a_house_id_that_is_no_text_begins_nothing(secured: AsyncEngine) -> None:
    with pytest.raises(ValueError, match="NUL"):
        await seen(secured, HouseScope("hse_1\0"))
    assert await seen(secured, HouseScope("hse_1")) == ["hse_1"]


async def test_a_scope_ends_with_its_transaction(secured: AsyncEngine) -> None:
    """The pool has one connection: who comes next, past the door, finds no row."""
    for scope in (HouseScope("hse_1"), EVERYWHERE):
        await seen(secured, scope)
        async with secured.connect() as connection:
            assert set((await connection.execute(MINE)).one()) <= {"", None}
            assert (await connection.execute(SEEN)).all() == []
    with pytest.raises(KeyError):
        async with connected(secured, EVERYWHERE) as connection:
            await connection.execute(SEEN)
            raise KeyError
    assert await seen(secured, HouseScope("hse_2")) == ["hse_2"]


async def test_a_second_transaction_of_a_block_is_in_the_same_scope(secured: AsyncEngine) -> None:
    async with connected(secured, HouseScope("hse_1")) as connection:
        await connection.execute(SEEN)
        await connection.rollback()
        assert (await connection.execute(SEEN)).scalars().all() == ["hse_1"]


async def test_a_house_writes_nothing_for_another(secured: AsyncEngine) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with connected(secured, HouseScope("hse_1")) as connection:
            await connection.execute(text("INSERT INTO things VALUES ('hse_2')"))
    async with connected(secured, HouseScope("hse_1")) as connection:
        await connection.execute(text("DELETE FROM things"))
    assert await seen(secured, EVERYWHERE) == sorted(HOUSES[1:])


async def test_a_session_keeps_its_scope_and_takes_it_along_when_it_ends(secured: AsyncEngine) -> None:
    async with own_session(secured, EVERYWHERE) as connection:
        for _ in range(2):
            assert (await connection.execute(SEEN)).scalars().all() == sorted(HOUSES)
    async with secured.connect() as connection:
        assert (await connection.execute(SEEN)).all() == []


async def test_no_scope_reaches_the_next_user_whatever_was_broken_off(secured: AsyncEngine) -> None:
    """One connection for all, each form in turns, some broken off at any moment: before, in and after a SET."""
    plan = seeded_random(1)
    url = secured.url.render_as_string(hide_password=False)
    shared = create_engine(url, application="test", pool_size=1, may_bypass=False)
    forms = [shared, for_single_statements(shared), for_snapshots(shared)]

    async def look(number: int) -> None:
        house_id = HOUSES[number % len(HOUSES)]
        scope: Scope = EVERYWHERE if number % 7 == 0 else HouseScope(house_id)
        expected = sorted(HOUSES) if number % 7 == 0 else [house_id]
        assert await seen(plan.choice(forms), scope) == expected

    for number in range(120):
        looking = asyncio.create_task(look(number))
        if number % 3 == 0:
            for _ in range(plan.randrange(12)):
                await CLOCK.sleep(0)
            looking.cancel()
        await asyncio.gather(looking, return_exceptions=number % 3 == 0)
    async with for_single_statements(shared).connect() as past_the_door:
        assert (await past_the_door.execute(SEEN)).all() == []
    await shared.dispose()


async def test_a_set_that_was_broken_off_is_made_again(secured: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows whether the database has it: the next user of the same house must not believe so."""
    single = for_single_statements(secured)
    assert await seen(single, HouseScope("hse_1")) == ["hse_1"]
    whole = asyncpg.Connection.execute

    async def lost(self: asyncpg.Connection, query: str, *arguments: object, **options: object) -> str:
        if query.startswith("SET balcon"):
            raise KeyError
        return str(await whole(self, query, *arguments, **options))

    with monkeypatch.context() as broken:
        broken.setattr(asyncpg.Connection, "execute", lost)
        with pytest.raises(KeyError):
            await seen(single, HouseScope("hse_2"))
        # Not taken for the one before the lost one either.
        with pytest.raises(KeyError):
            await seen(single, HouseScope("hse_1"))
    for house_id in ("hse_2", "hse_1"):
        assert await seen(single, HouseScope(house_id)) == [house_id]


async def test_rows_of_no_house_are_nobodys_but_of_who_is_for_all(secured: AsyncEngine) -> None:
    """Such as the keys of sign-ups, which have no house yet."""
    async with connected(secured, EVERYWHERE) as connection:
        await connection.execute(text("INSERT INTO things VALUES ('')"))
    for scope in (HouseScope(""), HouseScope("hse_1")):
        assert "" not in await seen(secured, scope)
        assert "" not in await seen(for_single_statements(secured), scope)
    async with secured.connect() as connection:
        assert (await connection.execute(SEEN)).all() == []
    assert "" in await seen(secured, EVERYWHERE)


async def test_what_was_planned_for_a_small_table_is_planned_anew_once_it_may_have_grown(secured: AsyncEngine) -> None:
    """A temporary one: nobody analyses it. As long as it is empty, any index of the house is as good as its key."""
    columns = ", ".join(f"{name} text" for name in ("name", "email", "language", "phone", "note", "title"))
    async with connected(secured, EVERYWHERE) as connection:
        for statement in (
            f"CREATE TEMP TABLE people (house text, id text, {columns}, CONSTRAINT by_key PRIMARY KEY (house, id))",
            "CREATE INDEX by_house ON people (house)",
            "SET plan_cache_mode = force_generic_plan",
            "PREPARE kept AS SELECT name FROM people WHERE house = $1 AND id = $2",
        ):
            await connection.execute(text(statement))

    async def plan() -> str:
        async with connected(secured, EVERYWHERE) as connection:
            return " ".join((await connection.execute(text("EXPLAIN EXECUTE kept('a', 'b')"))).scalars())

    assert "by_house" in await plan()
    async with connected(secured, EVERYWHERE) as connection:
        await connection.execute(text("INSERT INTO people SELECT 'a', n::text FROM generate_series(1, 20000) n"))
    assert "by_house" in await plan()
    plans = [await plan() for _ in range(FIRST_PLANS)]
    assert "by_key" in plans[-1]
    # Once it is planned for a large one, seldom.
    again = [await plan() for _ in range(FIRST_PLANS)]
    assert all("by_key" in one for one in again)
