"""The webhook port: unsigned, stale and oversized is refused without a trace; repeats are harmless (RULE 28)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
from prometheus_client import REGISTRY

from services.payments.sandbox.couriers import signature_header
from services.runtime.testing import eventually
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import PAYS, PENDING, SECRET, SUCCEEDED, Rig


def event(payment_ref: str, event_id: str = "evt_1", kind: str = "payment.succeeded") -> bytes:
    data = {"payment_id": payment_ref, "status": "succeeded"}
    return json.dumps({"id": event_id, "type": kind, "created_at_ms": 1, "data": data}).encode()


async def send(rig: Rig, body: bytes, *, secret: str = SECRET, age_seconds: int = 0) -> httpx.Response:
    header = signature_header(secret, rig.clock.now_ms() // 1000 - age_seconds, body)
    return await rig.http.post(rig.webhook_url, content=body, headers={"Balcon-Signature": header})


def refused_so_far() -> float:
    return REGISTRY.get_sample_value("balcon_payments_webhooks_total", {"outcome": "refused"}) or 0.0


async def test_an_unsigned_webhook_is_refused(start_rig: StartRig) -> None:
    rig = await start_rig()
    before = refused_so_far()
    answer = await rig.http.post(rig.webhook_url, content=event("sbx_1"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "signature_missing")
    assert await rig.webhook_events() == []
    assert refused_so_far() == before + 1


async def test_a_stale_webhook_is_refused(start_rig: StartRig) -> None:
    rig = await start_rig()
    for age_seconds in (302, -302):
        answer = await send(rig, event("sbx_1"), age_seconds=age_seconds)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "signature_stale")
        assert "300 seconds" in answer.json()["error"]["message"]
    assert await rig.webhook_events() == []


async def test_a_webhook_signed_with_another_secret_is_refused(start_rig: StartRig) -> None:
    rig = await start_rig()
    answer = await send(rig, event("sbx_1"), secret="whsec_stranger")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "signature_wrong")
    assert await rig.webhook_events() == []


async def test_the_old_secret_of_a_rotation_is_taken(start_rig: StartRig) -> None:
    rig = await start_rig()
    assert (await send(rig, event("sbx_1"), secret="whsec_old")).status_code == 200


async def test_a_body_over_64_kib_is_refused_whether_it_says_its_length_or_not(start_rig: StartRig) -> None:
    rig = await start_rig()
    body = b" " * (64 * 1024 + 1)

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 4_096):
            yield body[at : at + 4_096]

    for content in (body, chunks()):
        answer = await rig.http.post(rig.webhook_url, content=content)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
    assert await rig.webhook_events() == []


async def test_a_signed_body_that_is_no_event_is_refused(start_rig: StartRig) -> None:
    rig = await start_rig()
    for body in (b"", b"{}", b"[1]", b"\xff\xfe", event("x" * 256), event(""), event("a\nb"), event("../x")):
        answer = await send(rig, body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "body_malformed"), body
    assert await rig.webhook_events() == []


async def test_an_unknown_provider_is_not_found(start_rig: StartRig) -> None:
    rig = await start_rig()
    answer = await rig.http.post(rig.webhook_url.replace("sandbox", "elsewhere"), content=b"{}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "provider_unknown")


async def test_a_webhook_that_lies_is_not_believed(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    ((at_provider),) = await rig.at_provider()
    assert (await send(rig, event(at_provider["id"]))).status_code == 200

    async def worked_off() -> None:
        (event,) = await rig.webhook_events()
        assert event.outcome == "applied"
        assert event.house_id == "house_1"

    await eventually(worked_off)
    assert (await rig.get(payment)).state != SUCCEEDED
    assert await rig.events(payment) == []


async def test_a_webhook_about_no_payment_of_ours_is_put_aside(start_rig: StartRig) -> None:
    rig = await start_rig()
    assert (await send(rig, event("sbx_nobodys"))).status_code == 200

    async def put_aside() -> None:
        (event,) = await rig.webhook_events()
        assert event.outcome == "unknown"

    await eventually(put_aside)


async def test_every_webhook_three_times_reversed_at_once_has_its_effect_once(start_rig: StartRig) -> None:
    rig = await start_rig(webhooks=False)
    payments = [await rig.create(f"ord_{number}") for number in range(8)]
    for payment in payments:
        await rig.pay(payment, PAYS)
    listed = (await rig.http.get(f"{rig.sandbox_url}/v1/events")).json()["events"]
    bodies = [json.dumps(one).encode() for one in reversed(listed)]
    answers = await asyncio.gather(*(send(rig, body) for body in [*bodies, *bodies, *bodies]))
    assert {answer.status_code for answer in answers} == {200}
    for payment in payments:
        await rig.reaches(payment, SUCCEEDED)
        assert await rig.event_names(payment) == ["PaymentSucceeded"]
    assert len(await rig.webhook_events()) == len(listed) == 8


def with_record(rig: Rig, payment: Any, event_id: str, **changed: Any) -> bytes:
    """A success with the payment's record as the sandbox would tell it, or nearly."""
    ref = payment.pay_url.rpartition("/")[2]
    record = {
        "id": ref,
        "status": "succeeded",
        "amount_minor": payment.amount.amount_minor,
        "currency": payment.amount.currency,
        "refunded_minor": 0,
        "pay_url": "",
        "metadata": {"house_id": payment.house_id, "payment_id": payment.payment_id},
    }
    data = {"payment_id": ref, "payment": record | changed}
    return json.dumps({"id": event_id, "created_at_ms": rig.clock.now_ms(), "data": data}).encode()


async def test_a_signed_record_of_the_success_needs_no_question_to_the_provider(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    await rig.stop_sandbox()
    assert (await send(rig, with_record(rig, payment, "evt_1"))).status_code == 200
    await rig.reaches(payment, SUCCEEDED)
    assert [told.outcome for told in await rig.webhook_events()] == ["applied"]


async def test_a_signed_record_that_does_not_fit_is_asked_about_and_believed_in_nothing(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment, other = await rig.create("ord_1"), await rig.create("ord_2")
    owners = {"house_id": other.house_id, "payment_id": other.payment_id}
    wrong: list[dict[str, Any]] = [{"amount_minor": 1}, {"currency": "SEK"}, {"metadata": owners}]
    for number, changed in enumerate(wrong):
        assert (await send(rig, with_record(rig, payment, f"evt_{number}", **changed))).status_code == 200

    async def all_asked() -> None:
        assert [told.outcome for told in await rig.webhook_events()] == ["applied"] * 3

    await eventually(all_asked)
    assert {(await rig.get(one)).state for one in (payment, other)} == {PENDING}
