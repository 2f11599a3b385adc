"""Providers times faults: whatever goes wrong, an order ends with tickets for its money, or none of it is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio

from services.orders.domain import commands
from services.orders.domain.order import OrderState
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.sql.roles import SERVICE_ROLE
from services.runtime.testing import eventually
from services.runtime.testing.databases import Databases
from tests.integration.payments.faults.lines import Fault, Line, Passed, Post
from tests.integration.payments.faults.sides import SIDES, Side
from tests.integration.payments.faults.stage import PAY_MINUTES, Sale, Stage
from tests.integration.payments.rig import RigPlan

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONFIRMED, CANCELLED, REFUNDED = OrderState.CONFIRMED, OrderState.CANCELLED, OrderState.REFUNDED
UNANSWERED = [Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.BROKEN]
CANCELLING = r"POST .*/(cancel|expire)$|DELETE "


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stage(
    postgres: EmbeddedPostgres, _databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """One stack for all cases."""
    folder: Path = tmp_path_factory.mktemp("faults")
    settings = {
        "provider_timeout_seconds": 1.0,
        "mollie_timeout_seconds": 1.0,
        "pending_seconds": 60.0,
        "pending_limit_seconds": 60.0,
    }
    name = _databases.create("payments")
    running = Stage(RigPlan(postgres.url_for(name, SERVICE_ROLE), folder, settings=settings))
    await running.open()
    yield running
    await running.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=sorted(SIDES))
async def side(request: pytest.FixtureRequest, stage: Stage) -> Side:
    """A provider at which a house takes money."""
    made = SIDES[request.param](stage)
    await made.open()
    return made


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _mended(stage: Stage) -> AsyncIterator[None]:
    """What one case broke, no other finds broken; an account that rests is asked again."""
    yield
    stage.mend()
    stage.clock.forward(seconds=60)


async def opened(stage: Stage, side: Side, *, seats_are_there: bool = True) -> Sale:
    """A sale whose buyer sees the provider's page."""
    sale = Sale(stage, side, seats_are_there=seats_are_there)
    await sale.goes_to_pay()
    return sale


async def paid(stage: Stage, side: Side, *, seats_are_there: bool = True) -> Sale:
    """A sale whose buyer has done all that buyers do."""
    sale = await opened(stage, side, seats_are_there=seats_are_there)
    await side.pays(sale.ref)
    return sale


async def held(stage: Stage) -> list[Passed]:
    """Webhooks that were sent and are held back, at least one."""
    await eventually(lambda: bool(stage.webhooks.held))
    return stage.webhooks.held


async def sent(stage: Stage, side: Side, body: bytes, **signed: object) -> int:
    """The answer to a webhook with this body."""
    headers = side.signed(body, **signed)  # type: ignore[arg-type]
    return (await stage.webhooks.pass_on(Passed("POST", side.hook, headers, body))).status_code


async def test_nothing_goes_wrong(stage: Stage, side: Side) -> None:
    sale = await paid(stage, side)
    await sale.ends(CONFIRMED)


@pytest.mark.parametrize("fault", [*UNANSWERED, Fault.DRIPS])
async def test_creation_is_not_answered(stage: Stage, side: Side, fault: Fault) -> None:
    line = stage.lines[side.name]
    line.break_for(fault, side.creation, times=1)
    sale = await paid(stage, side)
    assert line.met == 1
    await sale.ends(CONFIRMED)
    assert await side.made(sale.order.payment_id) == 1


@pytest.mark.parametrize("fault", UNANSWERED)
async def test_payments_question_about_a_webhook_is_not_answered(stage: Stage, side: Side, fault: Fault) -> None:
    sale = await opened(stage, side)
    line = stage.lines[side.name]
    # The sandbox's webhook brings its record, and only what is not that fresh is asked about.
    stage.webhooks.post = Post.LOST if side.name == "sandbox" else Post.DELIVERED
    line.break_for(fault, "GET ", times=1)
    await side.pays(sale.ref)
    stage.clock.forward(seconds=120)
    await eventually(lambda: line.met == 1)
    if stage.webhooks.post is Post.LOST:
        await eventually(lambda: _is_visited(sale))
        stage.clock.forward(seconds=120)
    await sale.ends(CONFIRMED)


async def _is_visited(sale: Sale) -> bool:
    return bool((await sale.stage.row(sale.order.payment_id)).attempts)


@pytest.mark.parametrize("fault", UNANSWERED)
async def test_the_capture_is_not_answered_and_is_asked_for_twice(stage: Stage, side: Side, fault: Fault) -> None:
    line = stage.lines[side.name]
    line.break_for(fault, side.capturing, times=1)
    sale = await paid(stage, side)
    await sale.ends(CONFIRMED)
    assert line.met == side.authorises_first


@pytest.mark.parametrize("fault", UNANSWERED)
async def test_the_seats_are_gone_and_the_refund_is_not_answered(stage: Stage, side: Side, fault: Fault) -> None:
    line = stage.lines[side.name]
    line.break_for(fault, side.refunding, times=1)
    sale = await paid(stage, side, seats_are_there=False)
    await sale.ends(REFUNDED)
    assert line.met == 1


async def test_the_provider_errs_for_an_hour_after_the_buyer_paid(stage: Stage, side: Side) -> None:
    """Long after the time to pay: money that was taken buys tickets, and what was only authorised is let go."""
    sale = await opened(stage, side)
    line, stage.webhooks.post = stage.lines[side.name], Post.LOST
    line.break_for(Fault.BROKEN)
    await side.pays(sale.ref)
    for _ in range(6):
        stage.clock.forward(seconds=600)
        with suppress(AssertionError):
            await eventually(_is_asked(line), 0.5)
        await sale.goes_on()
        assert sale.order.state in {OrderState.PAYING, OrderState.CANCELLING}
    assert line.met >= 2
    line.mend()
    stage.clock.forward(seconds=600)
    await sale.ends(CANCELLED if side.authorises_first else CONFIRMED)


def _is_asked(line: Line) -> Callable[[], bool]:
    before = line.met
    return lambda: line.met > before


async def test_a_webhook_is_lost(stage: Stage, side: Side) -> None:
    stage.webhooks.post = Post.LOST
    sale = await paid(stage, side)
    stage.clock.forward(seconds=120)
    await sale.ends(CONFIRMED)


async def test_a_webhook_comes_twice(stage: Stage, side: Side) -> None:
    stage.webhooks.post = Post.TWICE
    sale = await paid(stage, side)
    await sale.ends(CONFIRMED)


async def test_a_webhook_is_replayed_again_and_again(stage: Stage, side: Side) -> None:
    stage.webhooks.post = Post.HELD
    sale = await paid(stage, side)
    for passed in [*await held(stage)] * 3:
        assert (await stage.webhooks.pass_on(passed)).status_code == 200
    await sale.ends(CONFIRMED)


async def test_webhooks_come_in_the_wrong_order(stage: Stage, side: Side) -> None:
    """The success after the refund that followed it."""
    stage.webhooks.post = Post.HELD
    sale = await paid(stage, side, seats_are_there=False)
    stage.clock.forward(seconds=120)
    await sale.comes_to(REFUNDED)
    for passed in reversed(await held(stage)):
        await stage.webhooks.pass_on(passed)
    await sale.ends(REFUNDED)


async def test_a_webhook_comes_three_days_late(stage: Stage, side: Side) -> None:
    stage.webhooks.post = Post.LOST
    sale = await opened(stage, side)
    await side.pays(sale.ref)
    stage.clock.forward(days=3)
    assert await sent(stage, side, side.success_of(sale.ref)) == 200
    # For what is authorised whoever is first decides: the webhook, or the end of an order that nobody paid in time.
    await eventually(lambda: _ended(sale))
    await sale.ends(sale.order.state)
    assert sale.order.state is CONFIRMED or side.authorises_first


async def _ended(sale: Sale) -> bool:
    await sale.goes_on()
    return sale.order.state in {CONFIRMED, CANCELLED}


async def test_a_webhook_is_forged(stage: Stage, side: Side) -> None:
    sale = await opened(stage, side)
    assert await sent(stage, side, side.success_of(sale.ref), secret="whsec_of_nobody") == 400
    await sale.goes_on()
    assert sale.order.state is OrderState.PAYING
    stage.clock.forward(seconds=PAY_MINUTES * 60)
    await sale.ends(CANCELLED)


async def test_a_signed_webhook_claims_what_the_provider_does_not_confirm(stage: Stage, side: Side) -> None:
    sale = await opened(stage, side)
    assert await sent(stage, side, side.success_of(sale.ref)) == 200
    await sale.goes_on()
    assert sale.order.state is OrderState.PAYING
    stage.clock.forward(seconds=PAY_MINUTES * 60)
    await sale.ends(CANCELLED)


async def test_a_webhook_is_stale(stage: Stage, side: Side) -> None:
    stage.webhooks.post = Post.HELD
    sale = await paid(stage, side)
    passed = (await held(stage))[0]
    stage.clock.forward(seconds=301)
    assert (await stage.webhooks.pass_on(passed)).status_code == (400 if side.ages else 200)
    await sale.ends(CONFIRMED)


async def test_the_buyer_is_back_before_the_webhook(stage: Stage, side: Side) -> None:
    stage.webhooks.post = Post.HELD
    sale = await paid(stage, side)
    await sale.goes_on()
    assert sale.order.state is OrderState.PAYING
    for passed in await held(stage):
        await stage.webhooks.pass_on(passed)
    await sale.ends(CONFIRMED)


async def test_the_webhook_is_there_before_orders_knows_of_the_payment(stage: Stage, side: Side) -> None:
    sale = await opened(stage, side)
    before = sale.order
    await side.pays(sale.ref)
    await eventually(lambda: _is_published(stage, before.payment_id))
    sale.order = before
    await sale.ends(CONFIRMED)


async def _is_published(stage: Stage, payment_id: str) -> bool:
    return bool(await stage.commands_of(payment_id))


@pytest.mark.parametrize("wrong", [{"amount_minor": 50}, {"currency": "SEK"}])
async def test_the_provider_has_it_as_other_money(stage: Stage, side: Side, wrong: dict[str, object]) -> None:
    sale = await opened(stage, side)
    await side.falsify(sale.ref, **wrong)  # type: ignore[arg-type]
    await side.pays(sale.ref)
    if not side.authorises_first:
        await side.gives_back(sale.ref, int(str(wrong.get("amount_minor", 5_000))))
    stage.clock.forward(seconds=PAY_MINUTES * 60)
    await sale.ends(CANCELLED)


async def test_another_house_tells_of_it_and_is_not_heard(stage: Stage, side: Side) -> None:
    """Signed by the other house's own secret, at its own address."""
    other = SIDES["stripe"](stage)
    other.house_id = f"house_other_{stage.new_number()}"
    url = stage.stripe.webhook_url
    await other.open()
    stage.stripe.webhook_url = url
    sale = await opened(stage, side)
    stage.webhooks.post = Post.LOST
    await side.pays(sale.ref)
    assert await sent(stage, other, other.success_of(sale.ref)) == 200
    await eventually(lambda: _is_settled(stage, sale.ref))
    assert not await _is_published(stage, sale.order.payment_id)
    stage.clock.forward(seconds=120)
    await sale.ends(CONFIRMED)


async def _is_settled(stage: Stage, ref: str) -> bool:
    return any(row.payment_ref == ref and row.outcome in {"foreign", "unknown"} for row in await stage.webhook_events())


async def test_the_card_is_declined(stage: Stage, side: Side) -> None:
    sale = await opened(stage, side)
    await side.is_declined(sale.ref)
    await sale.ends(CANCELLED)


async def test_the_buyer_gives_up_while_the_provider_has_authorised(stage: Stage, side: Side) -> None:
    stage.webhooks.post = Post.LOST
    sale = await paid(stage, side)
    sale.tell(commands.CancelOrder())
    await sale.ends(CANCELLED if side.authorises_first else CONFIRMED)


async def test_what_is_authorised_when_its_cancel_was_asked_for_is_never_captured(stage: Stage, side: Side) -> None:
    """The cancel found nobody; then the webhook tells that the buyer has agreed."""
    line, stage.webhooks.post = stage.lines[side.name], Post.HELD
    sale = await paid(stage, side)
    line.break_for(Fault.BROKEN, CANCELLING)
    sale.tell(commands.CancelOrder())
    await sale.goes_on()
    assert line.met
    for passed in await held(stage):
        await stage.webhooks.pass_on(passed)
    if side.authorises_first:
        await eventually(lambda: _stands(sale, "AUTHORISED"))
        assert not [passed for passed in line.passed if passed.path.endswith("/capture")]
    line.mend()
    await sale.ends(CANCELLED if side.authorises_first else CONFIRMED)


async def _stands(sale: Sale, state: str) -> bool:
    return bool((await sale.stage.row(sale.order.payment_id)).state == state)


async def test_the_cancel_is_not_answered(stage: Stage, side: Side) -> None:
    sale = await opened(stage, side)
    line = stage.lines[side.name]
    line.break_for(Fault.LOST_AFTER, CANCELLING, times=1)
    sale.tell(commands.CancelOrder())
    await sale.ends(CANCELLED)
    assert line.met == 1


async def test_the_house_refunds_in_the_providers_console(stage: Stage, side: Side) -> None:
    sale = await paid(stage, side)
    await sale.ends(CONFIRMED)
    await side.gives_back(sale.ref, 2_000)
    await side.gives_back(sale.ref, 3_000)
    await sale.ends(REFUNDED)


async def test_a_dispute_is_lost(stage: Stage, side: Side) -> None:
    sale = await paid(stage, side)
    await sale.ends(CONFIRMED)
    await side.loses_a_dispute(sale.ref)
    await sale.ends(REFUNDED)


async def test_the_refund_is_asked_for_twice_at_once(stage: Stage, side: Side) -> None:
    sale = await paid(stage, side, seats_are_there=False)
    await sale.comes_to(OrderState.REFUND_DUE)
    await sale.ends(REFUNDED)
