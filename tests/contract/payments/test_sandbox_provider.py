"""The sandbox adapter keeps the provider contract, and calls uncertain what it cannot know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from services.payments.adapters.sandbox_provider_client import SandboxProviderClient
from services.payments.domain.payment import DisputeState
from services.payments.ports import Declined, ProviderPayment, Uncertain
from services.payments.sandbox.server import Sandbox, SandboxPlan
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from tests.contract.payments.provider_contract import ProviderContract, fresh_payment


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[SandboxProviderClient]:
    clock = SystemClock()
    sandbox = Sandbox(SandboxPlan(str(tmp_path / "sandbox.sqlite")), clock=clock, ids=RandomIds())
    await sandbox.start()
    client = SandboxProviderClient(sandbox.url, secrets=lambda _: ["s"], timeout_seconds=60, clock=clock)
    yield client
    await client.close()
    await sandbox.stop()


class TestSandboxProvider(ProviderContract):
    """See ProviderContract."""

    ways = {"card", "bank"}  # noqa: RUF012

    async def buyer_pays(self, told: ProviderPayment) -> None:
        await self._submit(told, "4242424242424242")

    async def buyer_is_declined(self, told: ProviderPayment) -> None:
        await self._submit(told, "4000000000000002")

    async def house_gives_back(self, told: ProviderPayment, amount_minor: int) -> None:
        await self._act(told, "refunds", {"amount_minor": amount_minor})

    async def buyer_disputes(self, told: ProviderPayment, amount_minor: int) -> None:
        await self._act(told, "dispute", {"amount_minor": amount_minor})

    async def bank_decides(self, told: ProviderPayment, outcome: DisputeState) -> None:
        await self._act(told, "dispute/close", {"outcome": outcome.value.lower()})

    @staticmethod
    async def _act(told: ProviderPayment, path: str, body: dict[str, object]) -> None:
        url = told.pay_url.replace("/pay/", "/v1/payments/")
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(f"{url}/{path}", json=body, headers={"Idempotency-Key": "by_hand"})
            assert answer.is_success, answer.text

    @staticmethod
    async def _submit(told: ProviderPayment, card: str) -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.post(told.pay_url, data={"card": card})).status_code == 303


@asynccontextmanager
async def answering(answer: bytes | None) -> AsyncIterator[SandboxProviderClient]:
    """A client of a server that answers everything with these bytes; None never answers."""
    released = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await released.wait()
        else:
            writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = SandboxProviderClient(
        f"http://127.0.0.1:{port}", secrets=lambda _: ["s"], timeout_seconds=0.3, clock=SystemClock()
    )
    try:
        yield client
    finally:
        released.set()
        await client.close()
        server.close()
        await server.wait_closed()


def response(status: str, body: bytes = b"{}") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "Timeout"),
        (b"", "RemoteProtocolError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "RemoteProtocolError"),
        (response("500 Internal Server Error"), "status_500"),
        (response("503 Service Unavailable"), "status_503"),
        (response("429 Too Many Requests", b'{"error": {"code": "slow_down"}}'), "status_429"),
        (response("409 Conflict", b'{"error": {"code": "in_flight"}}'), "status_409"),
        (response("302 Found"), "status_302"),
        (response("403 Forbidden", b"<html>a proxy's page</html>"), "status_403"),
        (response("200 OK", b"not json"), "unreadable_answer"),
        (response("200 OK", b'{"id": "x"}'), "unreadable_answer"),
    ],
)
async def test_what_is_no_clear_answer_is_uncertain(answer: bytes | None, why: str) -> None:
    async with answering(answer) as client:
        outcome = await client.create(fresh_payment())
        assert isinstance(outcome, Uncertain)
        assert why in outcome.why


async def test_a_refusal_in_the_providers_own_shape_is_believed() -> None:
    async with answering(response("422 Unprocessable", b'{"error": {"code": "amount_refused"}}')) as client:
        assert await client.create(fresh_payment()) == Declined("amount_refused")


async def test_a_provider_nobody_serves_is_uncertain(nobodys_port: int) -> None:
    url = f"http://127.0.0.1:{nobodys_port}"
    client = SandboxProviderClient(url, secrets=lambda _: ["s"], timeout_seconds=60, clock=SystemClock())
    assert await client.fetch("sbx_1") == Uncertain("ConnectError")
    await client.close()
