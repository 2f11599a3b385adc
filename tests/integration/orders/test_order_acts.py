"""What the house's people do to orders is told to its act log in the same transaction; what buyers do is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from balcon.acts.v1.acts_events_pb2 import ActDone
from balcon.types.v1.principal_pb2 import PRINCIPAL_KIND_STAFF, PrincipalRef
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.domain.commands import CancelOrder, Command, PaymentRefunded, RefundOrder
from services.orders.domain.order import OrderState
from services.orders.ports import OrderRef
from services.runtime.call_context import CallContext, enter_call
from services.runtime.ids import RandomIds
from services.runtime.principal import Principal, PrincipalKind
from services.runtime.principal import PrincipalRef as Who
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.contract.orders.stored import CLOCK, acting, added, confirmed
from tests.unit.orders.builders import HOUSE, an_order

ANNA = Principal(PrincipalKind.STAFF, "per_anna")
ORDER = an_order()
REF = OrderRef(ORDER.house_id, ORDER.order_id)
NO_ACT = "ALTER TABLE outbox ADD CONSTRAINT no_act CHECK (topic <> 'balcon.acts.v1') NOT VALID"


@pytest.fixture
async def engine(database_url: DatabaseUrl) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url("orders"), application="test")
    yield engine
    await engine.dispose()


@pytest.fixture
def store(engine: AsyncEngine) -> PostgresOrderStore:
    return PostgresOrderStore(engine, CLOCK, RandomIds(), committed=lambda: None)


async def done_by(who: Principal | None, store: PostgresOrderStore, command: Command) -> None:
    """The command in a call of that principal."""

    async def call() -> None:
        context = CallContext({}, None, RandomIds())
        context.principal = who
        enter_call(context)
        await store.change(REF, acting(command))

    await asyncio.create_task(call())


async def acts(engine: AsyncEngine) -> list[ActDone]:
    async with as_owner(engine).connect() as connection:
        query = text("SELECT payload FROM outbox WHERE topic = 'balcon.acts.v1' ORDER BY id")
        return [ActDone.FromString(row.payload) for row in await connection.execute(query)]


async def test_a_refund_is_an_act_with_its_reason_and_who_asked_for_it(
    engine: AsyncEngine, store: PostgresOrderStore
) -> None:
    await confirmed(store, ORDER)
    await done_by(ANNA, store, RefundOrder("the singer is ill"))
    [act] = await acts(engine)
    assert (act.house_id, act.act, act.thing, act.thing_id) == (HOUSE, "order.refund_asked", "order", ORDER.order_id)
    assert act.reason == "the singer is ill"
    assert act.who == PrincipalRef(kind=PRINCIPAL_KIND_STAFF, subject="per_anna")


async def test_staff_that_cancels_an_order_is_in_the_log_once(engine: AsyncEngine, store: PostgresOrderStore) -> None:
    await added(store, ORDER)
    for _ in range(2):
        await done_by(ANNA, store, CancelOrder())
    assert [(act.act, act.who.subject) for act in await acts(engine)] == [("order.cancelled", "per_anna")]


@pytest.mark.parametrize(
    "who",
    [
        Principal(PrincipalKind.BUYER, "holder_1"),
        Principal(PrincipalKind.SERVICE, "web", on_behalf_of=Who(PrincipalKind.BUYER, "holder_1")),
        None,
    ],
)
async def test_a_buyer_who_gives_up_is_not_in_the_houses_log(
    engine: AsyncEngine, store: PostgresOrderStore, who: Principal | None
) -> None:
    await added(store, ORDER)
    await done_by(who, store, CancelOrder())
    assert await acts(engine) == []
    order = await store.get(REF)
    assert order is not None
    assert order.state is OrderState.CANCELLING


async def test_money_that_goes_back_without_the_house_is_no_act_of_it(
    engine: AsyncEngine, store: PostgresOrderStore
) -> None:
    await confirmed(store, ORDER)
    await done_by(None, store, PaymentRefunded("pay_1"))
    assert await acts(engine) == []


async def test_no_refund_is_stored_whose_act_cannot_be(engine: AsyncEngine, store: PostgresOrderStore) -> None:
    await confirmed(store, ORDER)
    async with as_owner(engine).begin() as connection:
        await connection.execute(text(NO_ACT))
    with pytest.raises(SQLAlchemyError):
        await done_by(ANNA, store, RefundOrder("the singer is ill"))
    order = await store.get(REF)
    assert order is not None
    assert order.state is OrderState.CONFIRMED
