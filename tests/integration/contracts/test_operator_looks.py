"""An operator's look at a house is an act in that house's log, with the operator and the method."""

from __future__ import annotations

import asyncio

import pytest
from balcon.acts.v1.acts_events_pb2 import ActDone
from balcon.types.v1.principal_pb2 import PRINCIPAL_KIND_OPERATOR
from sqlalchemy import text

from services.contracts.operator_looks import OperatorLooks
from services.runtime.call_context import CallContext, enter_call
from services.runtime.clock import SystemClock
from services.runtime.errors import Retryable
from services.runtime.ids import RandomIds
from services.runtime.principal import Principal, PrincipalKind
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import DatabaseUrl, as_owner

CLOCK, IDS = SystemClock(), RandomIds()
METHOD = "/balcon.orders.v1.OrdersService/ListOrders"


async def look(looks: OperatorLooks) -> None:
    """In a call of an operator."""

    async def call() -> None:
        context = CallContext({}, None, IDS)
        context.principal = Principal(PrincipalKind.OPERATOR, "opr_1")
        enter_call(context)
        await looks.tell("hse_1", METHOD)

    await asyncio.create_task(call())


async def test_each_look_is_an_act_of_the_house_that_was_looked_at(database_url: DatabaseUrl) -> None:
    woken: list[str] = []
    engine = create_engine(database_url("catalogue"), application="test")
    looks = OperatorLooks(engine, CLOCK, IDS, wake=lambda: woken.append("woken"))
    for _ in range(2):
        await look(looks)
    async with as_owner(engine).connect() as connection:
        rows = await connection.execute(text("SELECT topic, house_id, payload FROM outbox ORDER BY id"))
        told = [(row.topic, row.house_id, ActDone.FromString(row.payload)) for row in rows]
    await engine.dispose()
    assert [(topic, house_id) for topic, house_id, _ in told] == [("balcon.acts.v1", "hse_1")] * 2
    for _, _, act in told:
        assert (act.act, act.thing, act.thing_id, dict(act.facts)) == (
            "house.looked_at",
            "house",
            "hse_1",
            {"method": METHOD},
        )
        assert (act.who.kind, act.who.subject) == (PRINCIPAL_KIND_OPERATOR, "opr_1")
    assert woken == ["woken"] * 2


async def test_a_look_that_cannot_be_told_is_a_fault(nobodys_port: int) -> None:
    engine = create_engine(f"postgresql+asyncpg://nobody@127.0.0.1:{nobodys_port}/nowhere", application="test")
    with pytest.raises(Retryable):
        await look(OperatorLooks(engine, CLOCK, IDS, wake=lambda: None))
    await engine.dispose()
