"""Many payments at once: each call of many answers each by itself, and a group that commits together fails apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import grpc
import pytest
from balcon.payments.v1 import payments_service_pb2 as pb
from balcon.payments.v1.payments_service_pb2 import (
    CreatePaymentsRequest,
    GetPaymentsRequest,
    RefundPaymentRequest,
    RefundPaymentsRequest,
)
from balcon.types.v1.money_pb2 import Money
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.payments.adapters.payment_statements import storing
from services.payments.adapters.postgres_payment_store import PostgresPaymentStore
from services.payments.adapters.postgres_webhook_event_store import PostgresWebhookEventStore
from services.payments.domain.next_attempt import RetryPolicy
from services.payments.domain.payment import Payment, PaymentState
from services.payments.domain.refund_transitions import refund_asked
from services.payments.domain.refunds import RefundWanted
from services.payments.domain.transitions import Decision, Report, ReportKind, Verdict, decide
from services.payments.ports import WebhookEvent
from services.runtime.clock import SystemClock
from services.runtime.errors import StoreUnavailable
from services.runtime.ids import RandomIds
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.integration.payments.builders import voucher_rows
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import HOUSE, PAYS, PENDING, SUCCEEDED

CLOCK = SystemClock()


async def test_of_many_each_has_its_own_answer_by_position(start_rig: StartRig) -> None:
    rig = await start_rig()
    first = await rig.create("ord_1")
    wanted = [
        rig.request("ord_2"),
        rig.request("ord_3", return_url="nowhere"),
        rig.request("ord_1", amount_minor=1),
        rig.request("ord_4", house_id="house_2"),
        rig.request("ord_5"),
    ]
    made = (await rig.stub.CreatePayments(CreatePaymentsRequest(house_id=HOUSE, payments=wanted))).answers
    assert [one.refused.reason for one in made] == ["", "FIELD_INVALID", "IDEMPOTENCY_KEY_REUSED", "FIELD_INVALID", ""]
    assert [(made[at].payment.order_id, made[at].payment.state) for at in (0, 4)] == [
        ("ord_2", PENDING),
        ("ord_5", PENDING),
    ]
    assert made[1].refused.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    asked = [made[4].payment.payment_id, "pay_nobodys", first.payment_id]
    found = (await rig.stub.GetPayments(GetPaymentsRequest(house_id=HOUSE, payment_ids=asked))).answers
    assert [one.payment.order_id for one in found] == ["ord_5", "", "ord_1"]
    assert found[1].refused.reason == "PAYMENT_UNKNOWN"
    others = (await rig.stub.GetPayments(GetPaymentsRequest(house_id="house_2", payment_ids=asked))).answers
    assert {one.refused.reason for one in others} == {"PAYMENT_UNKNOWN"}


async def test_of_many_refunds_each_is_given_once_and_has_its_own_answer_by_position(start_rig: StartRig) -> None:
    rig = await start_rig()
    first, second, open_still = [await rig.create(f"ord_{number}") for number in range(3)]
    for payment in (first, second):
        await rig.pay(payment, PAYS)
        await rig.reaches(payment, SUCCEEDED)

    def refund(key: str, payment: pb.Payment, minor: int | None = None, house_id: str = HOUSE) -> RefundPaymentRequest:
        amount = None if minor is None else Money(amount_minor=minor, currency="EUR")
        return RefundPaymentRequest(
            idempotency_key=key, house_id=house_id, payment_id=payment.payment_id, amount=amount
        )

    wanted = [
        refund("ref_1", first),
        refund("ref_2", second, 1_000),
        # The very same once more, more than is left, no money yet, another house, no key.
        refund("ref_1", first),
        refund("ref_3", second, 100_000),
        refund("ref_4", open_still),
        refund("ref_5", first, house_id="house_2"),
        refund("", first),
    ]
    told = (await rig.stub.RefundPayments(RefundPaymentsRequest(house_id=HOUSE, refunds=wanted))).answers
    assert [one.refused.reason for one in told] == [
        "",
        "",
        "",
        "REFUND_EXCEEDS_LEFT",
        "PAYMENT_NOT_CAPTURED",
        "FIELD_INVALID",
        "FIELD_INVALID",
    ]
    repeated = [*wanted[:2], refund("ref_1", second)]
    again = (await rig.stub.RefundPayments(RefundPaymentsRequest(house_id=HOUSE, refunds=repeated))).answers
    assert [one.payment.refunded.amount_minor for one in again] == [2_500, 1_000, 0]
    assert again[2].refused.reason == "IDEMPOTENCY_KEY_REUSED", "another payment has that key"
    at_provider = {one["metadata"]["payment_id"]: one["refunded_minor"] for one in await rig.at_provider()}
    assert at_provider == {first.payment_id: 2_500, second.payment_id: 1_000, open_still.payment_id: 0}


async def test_of_many_that_the_provider_does_not_answer_for_each_is_told_as_creating(start_rig: StartRig) -> None:
    rig = await start_rig(settings={"provider_timeout_seconds": 0.3})
    await rig.stop_sandbox()
    wanted = [rig.request(f"ord_{number}") for number in range(3)]
    made = (await rig.stub.CreatePayments(CreatePaymentsRequest(house_id=HOUSE, payments=wanted))).answers
    assert {one.payment.state for one in made} == {1}


class Stored:
    """A store over a database of its own, with every statement that it makes."""

    def __init__(self, url: str) -> None:
        self.engine: AsyncEngine = create_engine(url, application="test", pool_size=4)
        self.woken = 0
        self.statements: list[str] = []
        self.store = PostgresPaymentStore(
            self.engine,
            clock=CLOCK,
            ids=RandomIds(),
            retry_policy=RetryPolicy(),
            on_events=self._wake,
            vouchers=voucher_rows(),
        )
        event.listen(self.engine.sync_engine, "before_cursor_execute", self._note)

    def _wake(self) -> None:
        self.woken += 1

    def _note(self, *arguments: object) -> None:
        self.statements.append(str(arguments[2]).split(" ")[0])

    async def recorded(self, *names: str, house: str = HOUSE) -> list[Payment]:
        return list(await asyncio.gather(*(self.store.record(_payment(name, house)) for name in names)))

    async def owner(self, query: str) -> list[tuple[object, ...]]:
        async with as_owner(self.engine).begin() as connection:
            return [tuple(row) for row in await connection.execute(text(query))]


@pytest.fixture
async def stored(database_url: DatabaseUrl) -> AsyncIterator[Stored]:
    made = Stored(database_url("payments"))
    yield made
    await made.engine.dispose()


def _payment(name: str, house: str = HOUSE) -> Payment:
    return Payment(
        payment_id=f"pay_{name}",
        house_id=house,
        idempotency_key=f"key_{name}",
        request_hash="hash",
        order_id=f"ord_{name}",
        performance_id="perf_1",
        amount_minor=2_500,
        currency="EUR",
        return_url="https://shop.example",
        expires_at_ms=CLOCK.now_ms() + 600_000,
        provider="sandbox",
        created_at_ms=CLOCK.now_ms(),
    )


def _succeeds(payment: Payment) -> Decision:
    return decide(payment, Report(ReportKind.SUCCEEDED, provider_ref=f"ref_{payment.payment_id}"), CLOCK.now_ms())


async def test_many_changes_of_one_moment_are_one_transaction_of_one_statement_a_table(stored: Stored) -> None:
    payments = await stored.recorded(*"abcdefgh")
    assert stored.statements == ["INSERT"]
    inbox = PostgresWebhookEventStore(stored.engine, clock=CLOCK)
    events = [WebhookEvent(f"evt_{one.order_id}", "ref") for one in payments]
    stored.statements.clear()
    assert await asyncio.gather(*(inbox.add("sandbox", one, 9.0) for one in (*events, events[0]))) == [True] * 8 + [
        False
    ]
    assert stored.statements == ["INSERT"]
    stored.statements.clear()
    changed = await asyncio.gather(
        *(
            stored.store.change(HOUSE, one.payment_id, _succeeds, settles=[told])
            for one, told in zip(payments, events, strict=True)
        )
    )
    assert stored.statements == ["SELECT", "UPDATE", "INSERT", "INSERT"]
    assert {change[0].state for change in changed if change} == {PaymentState.SUCCEEDED}
    assert stored.woken == 1
    assert await stored.owner("SELECT count(*) FROM outbox") == [(8,)]
    assert await stored.owner("SELECT count(*) FROM provider_notices WHERE outcome = 'applied'") == [(8,)]


async def test_two_changes_of_one_payment_in_a_group_follow_each_other(stored: Stored) -> None:
    (payment,) = await stored.recorded("a")
    first, second = await asyncio.gather(*(stored.store.change(HOUSE, payment.payment_id, _succeeds) for _ in "ab"))
    assert first is not None
    assert second is not None
    assert (first[1].verdict, second[1].verdict) == (Verdict.SUCCEED, Verdict.STALE)
    assert await stored.owner("SELECT count(*) FROM outbox") == [(1,)]
    found = await stored.store.find(HOUSE, payment.payment_id)
    assert found == second[0]


async def test_what_one_change_breaks_by_is_its_own_and_the_others_are_stored(stored: Stored) -> None:
    payments = await stored.recorded(*"abcd")

    def breaks(payment: Payment) -> Decision:
        raise LookupError(payment.payment_id)

    def takes_anothers_reference(payment: Payment) -> Decision:
        return decide(payment, Report(ReportKind.SUCCEEDED, provider_ref="ref_pay_a"), CLOCK.now_ms())

    deciding = (_succeeds, breaks, takes_anothers_reference, _succeeds)
    changes = [stored.store.change(HOUSE, one.payment_id, how) for one, how in zip(payments, deciding, strict=True)]
    answers = await asyncio.gather(*changes, return_exceptions=True)
    assert [type(answer) for answer in answers] == [tuple, LookupError, IntegrityError, tuple]
    states = await stored.owner("SELECT payment_id, state FROM payments ORDER BY 1")
    assert [state for _, state in states] == ["SUCCEEDED", "CREATING", "CREATING", "SUCCEEDED"]
    assert await stored.owner("SELECT count(*) FROM outbox") == [(2,)]


async def test_of_two_payments_that_are_refunded_under_one_key_at_once_one_is(stored: Stored) -> None:
    payments = await stored.recorded("a", "b", "c")
    for one in payments:
        await stored.store.change(HOUSE, one.payment_id, _succeeds)

    def owes(key: str) -> Callable[[Payment], Decision]:
        def decided(current: Payment) -> Decision:
            changes = refund_asked(current, RefundWanted(key), CLOCK.now_ms())
            assert isinstance(changes, tuple)
            return Decision(Verdict.STAY, changes)

        return decided

    keys = ("ref_1", "ref_1", "ref_2")
    changes = [stored.store.change(HOUSE, one.payment_id, owes(key)) for one, key in zip(payments, keys, strict=True)]
    answers = await asyncio.gather(*changes, return_exceptions=True)
    assert [type(answer) for answer in answers] == [tuple, IntegrityError, tuple]
    known = [await stored.store.payment_refunded_under(HOUSE, key) for key in ("ref_1", "ref_2", "ref_3")]
    assert known == ["pay_a", "pay_c", None]
    assert await stored.store.payment_refunded_under("house_2", "ref_1") is None
    assert await stored.owner("SELECT payment_id FROM payments WHERE refund_state = 'DUE' ORDER BY 1") == [
        ("pay_a",),
        ("pay_c",),
    ]


async def test_of_a_commit_that_broke_off_nobody_is_told_a_yes_and_nothing_is_stored_in_part(stored: Stored) -> None:
    payments = await stored.recorded(*"abc")
    wakes = stored.woken

    def broken(_: object) -> None:
        raise ConnectionResetError("the line is gone")

    event.listen(stored.engine.sync_engine, "commit", broken)
    changes = [stored.store.change(HOUSE, one.payment_id, _succeeds) for one in payments]
    answers = await asyncio.gather(*changes, return_exceptions=True)
    event.remove(stored.engine.sync_engine, "commit", broken)
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 3
    assert stored.woken == wakes
    assert await stored.owner("SELECT DISTINCT state FROM payments") == [("CREATING",)]
    assert await stored.owner("SELECT count(*) FROM outbox") == [(0,)]
    again = await asyncio.gather(*(stored.store.change(HOUSE, one.payment_id, _succeeds) for one in payments))
    assert all(change is not None and change[0].state is PaymentState.SUCCEEDED for change in again)


async def test_groups_of_several_houses_stay_in_their_houses(stored: Stored) -> None:
    (mine,), (yours,) = await asyncio.gather(stored.recorded("a"), stored.recorded("b", house="house_2"))
    foreign, own = await asyncio.gather(
        stored.store.change(HOUSE, yours.payment_id, _succeeds), stored.store.change(HOUSE, mine.payment_id, _succeeds)
    )
    assert foreign is None
    assert own is not None
    assert await stored.store.find(HOUSE, yours.payment_id) is None
    assert await stored.owner("SELECT payment_id FROM payments WHERE state = 'SUCCEEDED'") == [(mine.payment_id,)]


async def test_of_two_who_knew_the_same_payment_the_second_decides_anew(stored: Stored) -> None:
    (payment,) = await stored.recorded("a")

    def opens(current: Payment) -> Decision:
        return decide(current, Report(ReportKind.OPEN, provider_ref="ref", pay_url="https://pay"), CLOCK.now_ms())

    first, second = await asyncio.gather(
        *(stored.store.change(HOUSE, payment.payment_id, opens, known=payment) for _ in "ab")
    )
    assert [changed[1].verdict for changed in (first, second) if changed] == [Verdict.OPEN, Verdict.STAY]
    found = await stored.store.find(HOUSE, payment.payment_id)
    assert found is not None
    assert (found.state, found.version) == (PaymentState.PENDING, 1)


def _opens(current: Payment) -> Decision:
    report = Report(ReportKind.OPEN, provider_ref=f"ref_{current.payment_id}", pay_url="https://pay")
    return decide(current, report, CLOCK.now_ms())


async def _opened(stored: Stored, *names: str) -> list[Payment]:
    """As this process wrote them last."""
    recorded = await stored.recorded(*names)
    opening = [stored.store.change(HOUSE, one.payment_id, _opens, known=one) for one in recorded]
    return [changed[0] for changed in await asyncio.gather(*opening) if changed is not None]


async def test_what_this_process_wrote_last_is_paid_for_without_being_read_again(stored: Stored) -> None:
    payments = await _opened(stored, *"abc")
    stored.statements.clear()
    events = {one.payment_id: WebhookEvent(f"evt_{one.order_id}", f"ref_{one.payment_id}") for one in payments}
    changed = await asyncio.gather(
        *(
            stored.store.change(HOUSE, payment_id, _succeeds, settles=[told], visited=True)
            for payment_id, told in events.items()
        )
    )
    assert stored.statements == ["UPDATE", "INSERT", "INSERT"]
    found = await asyncio.gather(*(stored.store.find(HOUSE, payment_id) for payment_id in events))
    assert found == [one[0] for one in changed if one]
    assert await stored.owner("SELECT count(*) FROM outbox") == [(3,)]
    assert await stored.owner("SELECT outcome, house_id FROM provider_notices") == [("applied", HOUSE)] * 3


async def test_what_another_process_changed_meanwhile_is_decided_anew_as_it_stands(stored: Stored) -> None:
    first, second = await _opened(stored, *"ab")
    cancelled = "UPDATE payments SET state = 'CANCELLED', ended_at_ms = 1, version = version + 1"
    await stored.owner(f"{cancelled} WHERE payment_id = '{first.payment_id}' RETURNING 1")
    changed = await asyncio.gather(*(stored.store.change(HOUSE, one.payment_id, _succeeds) for one in (first, second)))
    assert [one[1].verdict for one in changed if one] == [Verdict.SUCCEED_LATE, Verdict.SUCCEED]
    assert await stored.owner("SELECT version FROM payments ORDER BY payment_id") == [(3,), (2,)]
    assert await stored.owner("SELECT count(*) FROM outbox") == [(2,)]


async def test_nobody_is_told_by_memory_that_nothing_changes(stored: Stored) -> None:
    """What was remembered may be old: a no is the word of the row alone."""
    (payment,) = await _opened(stored, "a")
    await stored.owner("UPDATE payments SET amount_minor = 1, version = version + 1 RETURNING 1")
    told = await stored.store.change(HOUSE, payment.payment_id, lambda _: Decision(Verdict.STALE))
    assert told is not None
    assert (told[0].amount_minor, told[0].version) == (1, 2)


async def test_only_columns_that_moved_are_written(stored: Stored) -> None:
    payments = await _opened(stored, *"ab")
    moved = [(one, replace(one, state=PaymentState.SUCCEEDED, succeeded_at_ms=5, version=9)) for one in payments]
    told = str(storing(moved)[0]).partition("SET ")[2].partition(" FROM")[0]
    assert [part.partition("=")[0] for part in told.split(", ")] == ["state", "succeeded_at_ms", "version"]
    owed = [(payments[0], replace(payments[0], refunded_minor=1, version=9))]
    assert "refund_state=" in str(storing(owed)[0]), "what follows from refunds is written with them"


async def test_a_record_under_a_key_that_is_taken_answers_the_earlier_one_and_its_group_is_recorded(
    stored: Stored,
) -> None:
    (earlier,) = await stored.recorded("a")
    again = replace(earlier, payment_id="pay_other")
    answers: Sequence[Payment] = await asyncio.gather(
        stored.store.record(again), stored.store.record(_payment("b")), stored.store.record(_payment("b"))
    )
    assert [one.payment_id for one in answers] == ["pay_a", "pay_b", "pay_b"]
