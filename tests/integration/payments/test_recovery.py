"""What heals by itself: a receiver that was down, a crash between record and provider, a killed sandbox."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from balcon.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub

from services.runtime.call_context import act_as
from services.runtime.clock import SystemClock
from services.runtime.embedded.ports import free_port
from services.runtime.rpc.client import open_channel
from services.runtime.testing import eventually, eventually_sync
from services.runtime.testing.access import guarded_settings, own_token
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import PAYS, SECRET, SUCCEEDED, Rig, RigPlan

ROOT = Path(__file__).resolve().parents[3]


async def test_webhooks_missed_while_the_receiver_was_down_heal_from_the_list(start_rig: StartRig) -> None:
    rig = await start_rig(webhooks=False, settings={"listing_interval_seconds": 0.2})
    creations = (rig.create(f"ord_{number}") for number in range(110))  # more than a page
    payments = await asyncio.gather(*creations)
    await rig.stop_payments()
    await asyncio.gather(*(rig.pay(payment, PAYS) for payment in payments))
    await rig.start_payments()
    for payment in payments:
        await rig.reaches(payment, SUCCEEDED, 30)
    assert len(await rig.events()) == 110


async def test_webhooks_that_were_not_taken_are_sent_again(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    await rig.stop_payments()
    await rig.pay(payment, PAYS)
    await rig.start_payments()
    await rig.reaches(payment, SUCCEEDED)


async def test_a_sandbox_that_is_stopped_keeps_what_it_knew_and_what_it_owes(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    await rig.stop_payments()
    await rig.pay(payment, PAYS)
    await rig.stop_sandbox()
    await rig.start_sandbox()
    await rig.start_payments()
    await rig.reaches(payment, SUCCEEDED)


async def test_two_processes_share_the_work_and_publish_once(start_rig: StartRig, tmp_path: Path) -> None:
    rig = await start_rig(settings={"pending_seconds": 0.2, "listing_interval_seconds": 0.2})
    second = Rig(RigPlan(rig.plan.database_url, tmp_path, settings=rig.plan.settings))
    second.sandbox_port = rig.sandbox_port
    await second.start_payments()
    try:
        payments = [await (rig, second)[number % 2].create(f"ord_{number}") for number in range(20)]
        await asyncio.gather(*(rig.pay(payment, PAYS) for payment in payments))
        for payment in payments:
            await rig.reaches(payment, SUCCEEDED)
            assert await rig.event_names(payment) == ["PaymentSucceeded"]
    finally:
        await second.close()


@contextmanager
def silent_port() -> Iterator[int]:
    """A provider that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield int(listener.getsockname()[1])


@contextmanager
def payments_process(
    database_url: str, *, grpc_port: int, http_port: int, sandbox_port: int, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}",
        "BALCON_PAYMENTS_DATABASE_URL": database_url,
        "BALCON_PAYMENTS_BUS_URL": "memory://",
        **guarded_settings("payments"),
        "BALCON_PAYMENTS_GRPC_PORT": str(grpc_port),
        "BALCON_PAYMENTS_HTTP_PORT": str(http_port),
        "BALCON_PAYMENTS_SEALING_SECRETS": "a secret of the tests' own",
        "BALCON_PAYMENTS_SANDBOX_ALLOWED": "true",
        "BALCON_PAYMENTS_SANDBOX_URL": f"http://127.0.0.1:{sandbox_port}",
        "BALCON_PAYMENTS_SANDBOX_WEBHOOK_SECRETS": SECRET,
        "BALCON_PAYMENTS_PROVIDER_TIMEOUT_SECONDS": "1",
        "BALCON_PAYMENTS_UNCERTAIN_SECONDS": "0.2",
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.payments.main"], env=environment, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        assert process.wait(120) in {0, -signal.SIGKILL}, log.read_text()[-2_000:]


@pytest.mark.slow
async def test_a_crash_between_the_record_and_the_provider_is_taken_up_again(
    database_url: DatabaseUrl, tmp_path: Path
) -> None:
    url, grpc_port, http_port = database_url("payments"), free_port(), free_port()
    rig = Rig(RigPlan(url, tmp_path))
    rig.http_port = http_port
    await rig.start_sandbox()
    clock = SystemClock()
    act_as(own_token())
    channel = open_channel(f"127.0.0.1:{grpc_port}", clock)
    stub, log = PaymentsServiceStub(channel), tmp_path / "payments.log"

    async def recorded() -> str:
        async with rig.engine.connect() as connection:
            found = (await connection.exec_driver_sql("SELECT payment_id FROM payments")).scalar_one_or_none()
        assert found is not None
        return str(found)

    try:
        with (
            silent_port() as silence,
            payments_process(url, grpc_port=grpc_port, http_port=http_port, sandbox_port=silence, log=log) as first,
        ):
            await asyncio.wait_for(channel.channel_ready(), 120)
            call = stub.CreatePayment(rig.request())
            payment_id = await eventually(recorded)
            first.send_signal(signal.SIGKILL)
            first.wait(120)
            call.cancel()  # or it would be tried again until its deadline
            with pytest.raises(asyncio.CancelledError):
                await call
        assert await rig.at_provider() == []
        with payments_process(url, grpc_port=grpc_port, http_port=http_port, sandbox_port=rig.sandbox_port, log=log):

            async def pending() -> None:
                assert (await rig.row(payment_id)).state == "PENDING"

            await eventually(pending)
        ((at_provider),) = await rig.at_provider()
        assert at_provider["metadata"]["payment_id"] == payment_id
    finally:
        await channel.close()
        await rig.close()


@pytest.mark.slow
def test_a_killed_sandbox_process_has_forgotten_nothing(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "sandbox.log"
    url, clock = f"http://127.0.0.1:{port}", SystemClock()
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}",
        "BALCON_SANDBOX_HTTP_PORT": str(port),
        "BALCON_SANDBOX_DATA_PATH": str(tmp_path / "sandbox.sqlite"),
    }

    def start() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "services.payments.sandbox.main"], env=environment, stdout=output, stderr=output
            )

    def healthy() -> bool:
        try:
            return httpx.get(f"{url}/health", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    wanted = {
        "amount_minor": 1_250,
        "currency": "EUR",
        "return_url": "https://shop.example/",
        "expires_at_ms": clock.now_ms() + 60_000,
    }
    process = start()
    try:
        eventually_sync(healthy, 20)
        headers = {"Idempotency-Key": "key_1"}
        made = httpx.post(f"{url}/v1/payments", json=wanted, headers=headers, trust_env=False).json()
        httpx.post(made["pay_url"], data={"card": PAYS}, trust_env=False)
        process.kill()
        process.wait(120)
        process = start()
        eventually_sync(healthy, 20)
        again = httpx.post(f"{url}/v1/payments", json=wanted, headers=headers, trust_env=False).json()
        now = httpx.get(f"{url}/v1/payments/{made['id']}", trust_env=False).json()
        assert again == made
        assert now["status"] == "succeeded"
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(120)
