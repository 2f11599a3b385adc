"""CreatePayment's contract: repeats, reused keys, houses apart, wrong fields; many at once are still one payment."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from balcon.payments.v1.payments_service_pb2 import (
    CancelPaymentRequest,
    GetPaymentRequest,
    RefundPaymentRequest,
)
from sqlalchemy import text

from services.contracts.bounds import MAX_TOTAL_MINOR
from services.payments.domain.refusals import PaymentWanted
from services.payments.handlers.payment_desk import request_hash
from services.runtime.rpc.errors import RemoteRefusal, refusal_of
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import PAYS, SUCCEEDED, Rig


async def refused(call: Any) -> tuple[grpc.StatusCode, RemoteRefusal]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    refusal = refusal_of(caught.value)
    assert refusal is not None
    return caught.value.code(), refusal


async def rows(rig: Rig) -> int:
    async with rig.engine.connect() as connection:
        return int((await connection.execute(text("SELECT count(*) FROM payments"))).scalar_one())


async def test_the_same_request_again_gets_the_same_payment_even_after_it_is_paid(start_rig: StartRig) -> None:
    rig = await start_rig()
    request = rig.request()
    first = (await rig.stub.CreatePayment(request)).payment
    assert (await rig.stub.CreatePayment(request)).payment == first
    await rig.pay(first, PAYS)
    await rig.reaches(first, SUCCEEDED)
    again = (await rig.stub.CreatePayment(request)).payment
    assert (again.payment_id, again.state) == (first.payment_id, SUCCEEDED)


async def test_the_same_request_after_its_end_still_gets_its_payment(start_rig: StartRig) -> None:
    rig = await start_rig()
    request, first = await rig.create_ending_soon()
    while rig.clock.now_ms() <= request.expires_at_ms:
        await rig.get(first)
    assert (await rig.stub.CreatePayment(request)).payment.payment_id == first.payment_id
    _, refusal = await refused(rig.create("ord_2", expires_at_ms=request.expires_at_ms))
    assert (refusal.reason, refusal.facts["field"]) == ("FIELD_INVALID", "expires_at_ms")


async def test_a_payment_that_an_earlier_release_took_is_told_though_its_request_would_be_refused_now(
    start_rig: StartRig,
) -> None:
    rig = await start_rig()
    first = await rig.create()
    request = rig.request(currency="EUX", return_url="shop:done")
    wanted = PaymentWanted(
        request.idempotency_key,
        request.house_id,
        request.order_id,
        request.performance_id,
        request.amount.amount_minor,
        request.amount.currency,
        request.return_url,
        request.expires_at_ms,
    )
    async with rig.engine.begin() as connection:
        await connection.execute(text("UPDATE payments SET request_hash = :hash"), {"hash": request_hash(wanted)})
    assert (await rig.stub.CreatePayment(request)).payment.payment_id == first.payment_id
    _, refusal = await refused(rig.create(amount_minor=0))
    assert refusal.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_forty_at_once_are_one_payment(start_rig: StartRig) -> None:
    rig = await start_rig()
    request = rig.request()
    answers = await asyncio.gather(*(rig.stub.CreatePayment(request) for _ in range(40)))
    assert len({answer.payment.payment_id for answer in answers}) == 1
    assert len(await rig.at_provider()) == 1


async def test_a_key_used_before_with_other_content_is_refused(start_rig: StartRig) -> None:
    rig = await start_rig()
    end_ms = rig.clock.now_ms() + 600_000
    first = await rig.create(expires_at_ms=end_ms)
    others: tuple[dict[str, Any], ...] = ({"amount_minor": 2_501}, {"currency": "USD"}, {"performance_id": "perf_9"})
    for changed in others:
        code, refusal = await refused(rig.create(expires_at_ms=end_ms, **changed))
        assert (code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "IDEMPOTENCY_KEY_REUSED")
        assert refusal.facts == {"field": "idempotency_key", "key": "ord_1:1"}
    assert await rig.get(first) == first
    assert len(await rig.at_provider()) == 1


async def test_two_houses_may_use_the_same_key(start_rig: StartRig) -> None:
    rig = await start_rig()
    one = await rig.create()
    other = await rig.create(house_id="house_2", amount_minor=900)
    assert one.payment_id != other.payment_id
    assert len(await rig.at_provider()) == 2


async def test_a_house_does_not_see_anothers_payment(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    stub, foreign, its = rig.stub, "house_2", payment.payment_id
    for call in (
        stub.GetPayment(GetPaymentRequest(house_id=foreign, payment_id=its)),
        stub.CancelPayment(CancelPaymentRequest(house_id=foreign, payment_id=its)),
        stub.RefundPayment(RefundPaymentRequest(idempotency_key="ref_1", house_id=foreign, payment_id=its)),
    ):
        code, refusal = await refused(call)
        assert (code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "PAYMENT_UNKNOWN")
    assert await rig.get(payment) == payment


WRONG: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"amount_minor": 0}, "amount.amount_minor", f"1 to {MAX_TOTAL_MINOR:,} minor units"),
    ({"amount_minor": MAX_TOTAL_MINOR + 1}, "amount.amount_minor", f"1 to {MAX_TOTAL_MINOR:,} minor units"),
    ({"currency": "€"}, "amount.currency", "a code of ISO 4217, such as EUR"),
    ({"house_id": ""}, "house_id", "1 to 64 characters"),
    ({"house_id": "house\0"}, "house_id", "1 to 64 characters"),
    ({"idempotency_key": "key\0"}, "idempotency_key", "1 to 128 characters"),
    ({"idempotency_key": "x" * 129}, "idempotency_key", "1 to 128 characters"),
    ({"return_url": "ftp://shop.example"}, "return_url", "http or https, 1 to 2,048 characters"),
)


async def test_a_wrong_field_is_named_and_nothing_is_recorded(start_rig: StartRig) -> None:
    rig = await start_rig()
    for changed, field, limit in WRONG:
        code, refusal = await refused(rig.create(**changed))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert (refusal.facts["field"], refusal.facts["limit"]) == (field, limit)
    assert await rows(rig) == 0
    assert await rig.at_provider() == []
