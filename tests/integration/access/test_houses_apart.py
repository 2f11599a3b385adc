"""INV-8 on the running system: with the ids of another house in every field of every call, nothing of it is reached.

Once as it is, and once with every `house_id = ...` taken out of all statements: then the database alone keeps apart.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from services.console.stack.data_folder import make_temp_folder, remove_temp_folder
from services.runtime.ids import RandomIds
from tests.integration.access.two_houses import (
    IDS,
    Answer,
    House,
    Stack,
    id_fields,
    request_with,
    running_stack,
    staff_methods,
)
from tests.integration.walls import take_policies_away, without_house

TABLES = text(
    "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'house_id'"
)
ALL_TABLES = text(
    "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' "
    "AND table_schema NOT IN ('pg_catalog', 'information_schema')"
)
# Where a house's id is to be found, if they were looked into.
LOOKED_INTO = ("accounts.public.houses", "orders.public.orders", "catalogue.public.halls")
# What the machinery writes down about rows that are there already, such as how often a provider was asked.
# Ids that no call of these tests makes, and why.
ALL_HOUSES_OWN = {
    "shared_plan_id": "a plan that a house offers is there for every other one",
    "scope_id": "a house may set a deal of its own for whatever id: SetDeal, asked first, has made what GetDeal finds",
}
NOT_MADE = {
    "invoice_id": "an invoice is of an order that was paid",
    "client_id": "the platform's name of an account there",
    "theatre_id": "the platform's own: houses may share a theatre",
    "seller_id": "a filter of reports: whoever it names sells nothing here",
    "settlement_id": "a settlement is of a performance that is over",
    "merged_customer_id": "a customer_id, which is tried under that name",
    "withdrawn_consent_id": "a consent_id, which is tried under that name",
    "sync_id": "MailChimp is asked before one is made, and nobody answers here",
    "list_id": "an id of MailChimp's own",
    "marketing_permission_id": "an id of MailChimp's own",
    "refund_request_id": "a buyer asks, by the code of a ticket that was paid",
    "ticket_vat_class_id": "the classes of every house have the same ids",
}
MACHINERY = {
    "outbox", "outbox_sequence", "inbox", "inbox_sequence", "consumer_pause", "payments", "outbound_exchange",
    "deliveries",
}  # fmt: skip
# Of what is tried again by itself only what people do to it; and a step that is taken again is nobody's act.
OF_PEOPLE = {
    "outbound_target": "house_id, target_id, paused_at_ms, paused_by",
    "outbound_dispatch": "house_id, dispatch_id, target_id, key, kind, about",
}
TAKEN_AGAIN = {"step_failures", "next_step_at_ms", "next_at_ms", "lease_token", "lease_until_ms", "failing_since_ms"}


EVERY = re.compile("")


@asynccontextmanager
async def stack_with(*, first_wall: bool) -> AsyncIterator[Stack]:
    path = make_temp_folder(RandomIds())
    try:
        async with running_stack(path, walled=first_wall) as running:
            yield running
    finally:
        remove_temp_folder(path)


async def take_the_second_wall_down(stack: Stack) -> None:
    """Policies are there and bind nobody."""
    for url in stack.database_urls.values():
        await take_policies_away(url)


async def written_down(stack: Stack) -> dict[str, str]:
    """All logs, all metrics, all events and all rows of every database."""
    found = {path.name: path.read_text(errors="replace") for path in stack.folder.logs.iterdir()}
    async with httpx.AsyncClient(trust_env=False) as client:
        for service, url in stack.metrics_urls.items():
            found[f"{service}'s metrics"] = (await client.get(url)).text
    for service, url in stack.database_urls.items():
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.execute(text("SELECT set_config('balcon.all_houses', 'on', true)"))
            for (table,) in (await connection.execute(ALL_TABLES)).all():
                rows = await connection.execute(text(f"SELECT * FROM {table}"))
                found[f"{service}.{table}"] = "\n".join(map(repr, rows))
        await engine.dispose()
    return found


async def two_houses(stack: Stack) -> tuple[House, House]:
    """Each with one of every thing that there is an id of."""
    mine, other = await stack.add_house("alpha"), await stack.add_house("beta")
    for house in (mine, other):
        unmade = await stack.fill(house)
        told = "\n".join(f"{name}: {why}" for name, why in unmade.items())
        assert sorted(every_name() - set(house.ids)) == sorted(NOT_MADE), told
    return mine, other


async def rows_of(stack: Stack, house_id: str) -> dict[str, list[str]]:
    """Every row of the house, as the databases' owner sees them."""
    found = {}
    for service, url in stack.database_urls.items():
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.execute(text("SELECT set_config('balcon.all_houses', 'on', true)"))
            for (table,) in (await connection.execute(TABLES)).all():
                if table not in MACHINERY:
                    rows = await connection.execute(
                        text(f"SELECT {OF_PEOPLE.get(table, '*')} FROM {table} WHERE house_id = :house"),
                        {"house": house_id},
                    )
                    found[f"{service}.{table}"] = sorted(
                        repr({name: value for name, value in row.items() if name not in TAKEN_AGAIN})
                        for row in rows.mappings()
                    )
        await engine.dispose()
    return found


def in_words(answer: Answer, **ids: str) -> str:
    """What was told, with ids that differ by nature as their names."""
    told = f"{answer.told} {answer.message}"
    for name, value in ids.items():
        # Promotion codes are told in upper case.
        told = told.replace(value, name).replace(value.upper(), name)
    # What the call has made anew; a file tells the minute in which it was made.
    return re.sub(r"\b[a-z]{2,5}_[0-9A-Za-z_+/-]{20,}|\d{10,}|seconds: \d+|nanos: \d+|size_bytes: \d+", "#", told)


def every_name() -> set[str]:
    """The names of all ids in the requests of staff."""
    return {name for method in staff_methods() for name in id_fields(request_with(method, {}, "key"))}


async def differing(stack: Stack, mine: House, other: House, only: re.Pattern[str] = EVERY) -> list[str]:
    """Where the other house's id is told anything else than an id that nobody has; and where its ids come back."""
    found: list[str] = []
    # Ids of the house's own things must not be among them: a call that ends something ends the asker's own.
    secret = {value for name, value in other.ids.items() if value not in mine.ids.values()}
    for method in filter(lambda method: only.match(method.name), staff_methods()):
        for name in id_fields(request_with(method, {}, "key")):
            if method.name.removeprefix("Create").lower() == name.removesuffix("_id").replace("_", ""):
                continue  # An id that a house chooses itself, in its own house: it is free to.
            if name in ALL_HOUSES_OWN or other.ids.get(name) in {None, mine.ids.get(name)}:
                continue
            nobodys = f"{other.ids[name][:4]}{IDS.new_id('x')[-20:]}"
            answers: list[str] = []
            for value in (other.ids[name], nobodys):
                ids: dict[str, Any] = {**mine.ids, name: value}
                answer = await stack.call(method, request_with(method, ids, IDS.new_id("key")), mine.token)
                answers.append(in_words(answer, ID=value))
                if leaked := [one for one in secret - {value} if one in str(answer.message)]:
                    found.append(f"{method.name}.{name} shows {leaked}")
            if answers[0] != answers[1]:
                found.append(f"{method.name}.{name}: {answers[0][:300]} | {answers[1][:300]}")
    return found


async def nothing_is_reached(stack: Stack, mine: House, other: House) -> None:
    before = await rows_of(stack, other.house_id)
    assert sum(map(len, before.values())) > 20
    found = await differing(stack, mine, other)
    assert not found, "\n".join(found)
    assert await rows_of(stack, other.house_id) == before
    written = await written_down(stack)
    assert all(other.house_id in written[name] for name in LOOKED_INTO)
    assert "balcon_rpc_seconds" in written["accounts's metrics"]
    assert "service_started" in written["accounts.log"]
    for what, secret in stack.secrets.items():
        # Of a token the signature is what cannot be told; a hash of the rest would do no harm.
        part = secret.rsplit(".", maxsplit=1)[-1]
        assert not [name for name, content in written.items() if part in content], what


async def test_the_ids_of_another_house_are_told_the_same_as_ids_that_nobody_has() -> None:
    async with stack_with(first_wall=True) as stack:
        await nothing_is_reached(stack, *await two_houses(stack))


async def test_the_database_alone_keeps_houses_apart_and_without_either_wall_the_other_house_is_found() -> None:
    """With the control on the same stack: the statements do have no house any more, and it would be seen."""
    async with stack_with(first_wall=False) as stack:
        mine, other = await two_houses(stack)
        await nothing_is_reached(stack, mine, other)
        await take_the_second_wall_down(stack)
        found = await differing(stack, mine, other, only=re.compile("Get"))
        assert len(found) > 10, found
        reached = {line.split(".")[0] for line in found}
        assert {"GetHall", "GetPerformance", "GetPayment", "GetCustomer"} <= reached


def test_what_is_taken_out_of_a_statement_is_the_house_and_nothing_else() -> None:
    statement = (
        "SELECT x FROM orders JOIN p ON orders.house_id = p.house_id WHERE orders.house_id = $1::VARCHAR AND a = $2"
    )
    assert without_house(statement) == (
        "SELECT x FROM orders JOIN p ON true WHERE ($1::VARCHAR::text IS NOT NULL) AND a = $2"
    )
