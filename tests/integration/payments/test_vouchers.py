"""Vouchers through the whole service: made, spent once, given back, refunded onto, never told in the clear (R5.8)."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
import sqlalchemy as sa
from balcon.acts.v1.acts_events_pb2 import ActDone
from balcon.payments.v1 import payments_service_pb2 as pb
from balcon.payments.v1 import vouchers_pb2
from balcon.payments.v1.vouchers_pb2_grpc import VouchersServiceStub
from balcon.types.v1.money_pb2 import Money

from services.payments.adapters.tables import VOUCHERS
from services.payments.adapters.voucher_rows import VoucherRows, voucher_of
from services.payments.handlers.vouchers import MOST_WRONG_OF_CALLER
from services.runtime.rpc.errors import refusal_of
from services.runtime.testing import eventually
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import CANCELLED, HOUSE, PAYS, PAYS_LATE, SUCCEEDED, Rig
from tests.integration.payments.test_audit import broken

FAILED = pb.PAYMENT_STATE_FAILED
DONE = pb.REFUND_STATE_SUCCEEDED


class Till:
    """What people of the house and the checkout do with vouchers."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.stub: Any = VouchersServiceStub(rig.channel)

    async def make(self, minor: int = 1_000, count: int = 1, key: str = "make_1", **more: Any) -> list[Any]:
        asked = vouchers_pb2.CreateVouchersRequest(
            idempotency_key=key,
            house_id=HOUSE,
            instrument=pb.INSTRUMENT_GIFT_CARD,
            value=Money(amount_minor=minor, currency="EUR"),
            count=count,
            **more,
        )
        return list((await self.stub.CreateVouchers(asked)).vouchers)

    async def balance(self, made: Any) -> int:
        asked = vouchers_pb2.GetVoucherRequest(house_id=HOUSE, voucher_id=made.voucher.voucher_id)
        return int((await self.stub.GetVoucher(asked)).voucher.balance.amount_minor)

    async def check(self, *codes: str, minor: int = 2_500, caller: str = "buyer_1") -> Any:
        asked = vouchers_pb2.CheckVouchersRequest(
            house_id=HOUSE, codes=codes, amount=Money(amount_minor=minor, currency="EUR"), caller_id=caller
        )
        return await self.stub.CheckVouchers(asked)

    async def stop(self, made: Any) -> None:
        asked = vouchers_pb2.StopVoucherRequest(house_id=HOUSE, voucher_id=made.voucher.voucher_id, reason="lost")
        await self.stub.StopVoucher(asked)

    async def history(self, made: Any) -> list[tuple[str, int]]:
        asked = vouchers_pb2.ListVoucherEntriesRequest(house_id=HOUSE, voucher_id=made.voucher.voucher_id)
        entries = (await self.stub.ListVoucherEntries(asked)).entries
        names = vouchers_pb2.VoucherEntryKind
        prefix = "VOUCHER_ENTRY_KIND_"
        return [(names.Name(one.kind).removeprefix(prefix), one.amount.amount_minor) for one in entries]

    async def pay(self, made: Any, minor: int, order: str = "ord_1", **more: Any) -> pb.Payment:
        return await self.rig.create(order, instruments=[charge(made, minor)], **more)


def charge(made: Any, minor: int) -> pb.InstrumentCharge:
    return pb.InstrumentCharge(voucher_id=made.voucher.voucher_id, amount=Money(amount_minor=minor, currency="EUR"))


async def reason_of(call: Any) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    refusal = refusal_of(caught.value)
    assert refusal is not None
    return str(refusal.reason)


async def test_r5_8_an_order_is_paid_by_a_gift_card_and_a_provider_and_a_refund_goes_back_to_each(
    start_rig: StartRig,
) -> None:
    rig = await start_rig()
    till = Till(rig)
    (card,) = await till.make(1_000)
    told = await till.check(card.code)
    assert [(one.voucher_id, one.amount.amount_minor) for one in told.charges] == [(card.voucher.voucher_id, 1_000)]
    assert (told.left.amount_minor, await till.balance(card)) == (1_500, 1_000), "asking takes nothing"
    payment = await till.pay(card, 1_000)
    assert await till.balance(card) == 0, "reserved"
    await rig.pay(payment, PAYS)
    paid = await rig.reaches(payment, SUCCEEDED)
    assert [one.amount.amount_minor for one in paid.charges] == [1_000, 1_500]
    ((at_provider),) = await rig.at_provider()
    assert at_provider["amount_minor"] == 1_500
    await rig.refund(payment, "ref_1", 2_000)

    async def both() -> None:
        found = await rig.get(payment)
        assert [(one.state, one.left.amount_minor) for one in found.refunds] == [(DONE, 0)]

    await eventually(both)
    assert await till.balance(card) == 500, "the last charge first: 1,500 to the provider, 500 to the card"
    await rig.refund(payment, "ref_2")
    await rig.is_refunded(payment)
    assert await till.balance(card) == 1_000
    assert await till.history(card) == [
        ("MADE", 1_000),
        ("RESERVED", -1_000),
        ("TAKEN", 0),
        ("RETURNED", 500),
        ("RETURNED", 500),
    ]


async def test_nothing_left_no_provider(start_rig: StartRig) -> None:
    rig = await start_rig()
    till = Till(rig)
    (card,) = await till.make(3_000)
    payment = await till.pay(card, 2_500, return_url="")
    assert payment.state == SUCCEEDED
    assert await rig.at_provider() == []
    assert await rig.event_names(payment) == ["PaymentSucceeded"]
    back = await rig.refund(payment, "ref_1", 400)
    assert (back.refunded.amount_minor, back.refunds[0].state) == (400, DONE)
    assert await till.balance(card) == 900


async def _spent_at_once(till: Till, orders: int = 6) -> list[pb.Payment]:
    (card,) = await till.make(2_500)
    return list(await asyncio.gather(*(till.pay(card, 2_500, f"ord_{number}") for number in range(orders))))


async def test_a_voucher_spent_in_parallel_is_one_orders_and_the_others_are_told(start_rig: StartRig) -> None:
    rig = await start_rig()
    payments = await _spent_at_once(Till(rig))
    assert [one.state for one in payments].count(SUCCEEDED) == 1
    assert {one.reason for one in payments if one.state == FAILED} == {"VOUCHER_SPENT"}
    loser = next(one for one in payments if one.state == FAILED)
    assert (await rig.get(loser)).state == FAILED, "and stays so: its key never makes a payment"


async def test_without_the_lock_the_race_would_be_lost(start_rig: StartRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above: what keeps a voucher from being spent twice is the row's lock and nothing else."""

    async def unlocked(self: VoucherRows, connection: Any, house_id: str, voucher_ids: Any) -> Any:
        wanted = sa.select(VOUCHERS).where(VOUCHERS.c.voucher_id.in_(list(voucher_ids)))
        found = {row.voucher_id: voucher_of(row) for row in await connection.execute(wanted)}
        readers.append(1)
        await eventually(lambda: len(readers) >= 2)
        return found

    rig = await start_rig()
    readers: list[int] = []
    monkeypatch.setattr(VoucherRows, "locked", unlocked)
    outcomes = await asyncio.gather(_spent_at_once(Till(rig), 2), return_exceptions=True)
    assert isinstance(outcomes[0], BaseException), "the database's own check stops the second, and no word tells why"


async def test_what_was_reserved_comes_back_when_the_payment_is_cancelled_and_stays_while_nobody_knows(
    start_rig: StartRig,
) -> None:
    rig = await start_rig()
    till = Till(rig)
    (card,) = await till.make(1_000)
    await rig.stop_sandbox()
    payment = await till.pay(card, 1_000)
    await rig.cancel(payment)
    assert await till.balance(card) == 0, "kept while it is uncertain"
    await rig.start_sandbox()
    await rig.reaches(payment, CANCELLED)
    assert await till.balance(card) == 1_000


async def test_killed_between_taking_the_voucher_and_asking_the_provider_it_is_asked_later(
    start_rig: StartRig,
) -> None:
    rig = await start_rig()
    till = Till(rig)
    (card,) = await till.make(1_000)
    await rig.stop_sandbox()
    payment = await till.pay(card, 1_000)
    await rig.stop_payments()
    await rig.start_sandbox()
    await rig.start_payments()
    await rig.reaches(payment, pb.PAYMENT_STATE_PENDING)
    ((at_provider),) = await rig.at_provider()
    assert at_provider["amount_minor"] == 1_500
    assert await Till(rig).balance(card) == 0


async def test_a_stopped_voucher_takes_nothing_back_and_a_new_one_is_made(start_rig: StartRig) -> None:
    rig = await start_rig()
    till = Till(rig)
    (card,) = await till.make(2_500)
    payment = await till.pay(card, 2_500)
    await till.stop(card)
    back = await rig.refund(payment)
    (share,) = back.refunds[0].shares
    assert share.voucher_id != card.voucher.voucher_id
    assert await till.balance(card) == 0
    revealed = await till.stub.RevealVoucherCode(
        vouchers_pb2.RevealVoucherCodeRequest(house_id=HOUSE, voucher_id=share.voucher_id)
    )
    assert (await till.check(revealed.code)).charges[0].voucher_id == share.voucher_id


async def test_a_voucher_instead_of_money(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    await rig.pay(payment, PAYS)
    await rig.reaches(payment, SUCCEEDED)
    asked = pb.RefundPaymentRequest(
        idempotency_key="ref_1", house_id=HOUSE, payment_id=payment.payment_id, route=pb.REFUND_ROUTE_VOUCHER
    )
    back = (await rig.stub.RefundPayment(asked)).payment
    assert (back.refund_state, back.refunds[0].state) == (DONE, DONE)
    asked_for = vouchers_pb2.GetVoucherRequest(house_id=HOUSE, voucher_id=back.refunds[0].shares[0].voucher_id)
    stub = Till(rig).stub
    made = (await stub.GetVoucher(asked_for)).voucher
    assert (made.balance.amount_minor, made.refund_of_payment_id) == (2_500, payment.payment_id)
    reveal = vouchers_pb2.RevealVoucherCodeRequest(house_id=HOUSE, voucher_id=made.voucher_id)
    code = (await stub.RevealVoucherCode(reveal)).code
    async with rig.engine.connect() as connection:
        found = await connection.execute(sa.text("SELECT payload FROM outbox WHERE type = 'balcon.acts.v1.ActDone'"))
        acts = [ActDone.FromString(row.payload) for row in found]
    assert [(one.act, one.thing_id) for one in acts] == [("voucher.code_shown", made.voucher_id)]
    assert code not in str(acts), "who looked, and never what was seen"
    ((at_provider),) = await rig.at_provider()
    assert at_provider["refunded_minor"] == 0


async def test_codes_are_refused_before_anything_is_taken_and_the_place_is_named(start_rig: StartRig) -> None:
    rig = await start_rig()
    till = Till(rig)
    good, stopped = await till.make(1_000, count=2)
    await till.stop(stopped)
    assert await reason_of(till.check(good.code, stopped.code)) == "VOUCHER_STOPPED"
    assert await reason_of(till.check("0000-0000-0000-0000")) == "VOUCHER_UNKNOWN"
    (spent,) = await till.make(2_500, key="make_2")
    await till.pay(spent, 2_500)
    assert await reason_of(till.check(spent.code)) == "VOUCHER_SPENT"
    assert (await till.check(good.code.lower().replace("-", " "))).left.amount_minor == 1_500


async def test_guessing_is_bounded_by_caller(start_rig: StartRig) -> None:
    rig = await start_rig()
    till = Till(rig)
    (card,) = await till.make()
    for _ in range(MOST_WRONG_OF_CALLER):
        assert await reason_of(till.check("guess")) == "VOUCHER_UNKNOWN"
    assert await reason_of(till.check(card.code)) == "TOO_MANY_WRONG_CODES"
    assert (await till.check(card.code, caller="buyer_2")).charges, "others may"


async def test_the_same_request_makes_the_same_vouchers_and_a_code_is_nowhere_in_the_clear(
    start_rig: StartRig,
) -> None:
    rig = await start_rig()
    till = Till(rig)
    first, second = await till.make(count=3), await till.make(count=3)
    assert [one.code for one in first] == [one.code for one in second]
    assert len({one.code for one in first}) == 3
    await till.pay(first[0], 1_000)
    bare = first[0].code.replace("-", "")
    async with rig.engine.connect() as connection:
        tables = await connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        for (table,) in tables.all():
            rows = await connection.exec_driver_sql(f'SELECT t::text FROM "{table}" t')
            for (row,) in rows.all():
                assert bare not in row and first[0].code not in row, table
                assert bare.encode().hex() not in row, table


async def test_a_correction_needs_a_reason_and_takes_no_more_than_there_is(start_rig: StartRig) -> None:
    rig = await start_rig()
    till = Till(rig)
    (card,) = await till.make(1_000)

    def correction(minor: int, key: str) -> Any:
        asked = vouchers_pb2.CorrectVoucherRequest(
            idempotency_key=key,
            house_id=HOUSE,
            voucher_id=card.voucher.voucher_id,
            amount=Money(amount_minor=minor, currency="EUR"),
            reason="a gift",
        )
        return till.stub.CorrectVoucher(asked)

    assert await reason_of(correction(-1_001, "cor_1")) == "BALANCE_TOO_SMALL"
    for _ in range(2):
        await correction(500, "cor_2")
    assert await till.balance(card) == 1_500
    assert (await till.history(card))[-1] == ("CORRECTED", 500)


async def test_the_audit_is_clean_with_vouchers_and_finds_each_harm_to_them(start_rig: StartRig) -> None:
    rig = await start_rig()
    till = Till(rig)
    whole, part, late = await till.make(2_500, count=3)
    await till.pay(whole, 2_500, "ord_1")
    await till.pay(part, 1_000, "ord_2")
    paid = await till.pay(late, 1_000, "ord_3")
    await rig.pay(paid, PAYS)
    await rig.reaches(paid, SUCCEEDED)
    await rig.refund(paid, "ref_1", 2_000)

    async def clean() -> None:
        assert await broken(rig) == []

    await eventually(clean)
    # Its time begins when the one before it has ended: so nothing has.
    overdue = "jsonb_set(jsonb_set(refunds, '{0,state}', '\"DUE\"'), '{0,due_at_ms}', '1') #- '{0,ended_at_ms}'"
    harms = (
        ("UPDATE vouchers SET balance_minor = balance_minor + 1", "its entries come to"),
        ("DELETE FROM voucher_entries WHERE kind = 'TAKEN'", "is SUCCEEDED"),
        (f"UPDATE payments SET refunds = {overdue} WHERE refunds <> '[]'", "due since 1"),
        ("UPDATE payments SET amount_minor = 999, refunded_minor = 0", "vouchers pay"),
    )
    for harm, said in harms:
        async with rig.engine.begin() as connection:
            await connection.exec_driver_sql(harm)
        assert any(said in violation for violation in await broken(rig)), said


async def test_money_that_comes_after_its_vouchers_were_given_back_goes_back_by_itself(start_rig: StartRig) -> None:
    rig = await start_rig(pay_late_seconds=1.0)
    till = Till(rig)
    (card,) = await till.make(1_000)
    payment = await till.pay(card, 1_000)
    await rig.pay(payment, PAYS_LATE)
    assert (await rig.cancel(payment)).state == CANCELLED
    assert await till.balance(card) == 1_000
    await rig.is_refunded(payment)
    ((at_provider),) = await rig.at_provider()
    assert at_provider["refunded_minor"] == 1_500
    assert await till.balance(card) == 1_000, "what was released is not returned once more"
    assert await broken(rig) == []
