"""The interceptor over real gRPC: who is let in, what they are told, whom the call is for, and how streams end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.reporting.v1.reporting_service_pb2 import GetTotalsRequest
from balcon.reporting.v1.reporting_service_pb2_grpc import ReportingServiceStub
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import REGISTRY

from services.contracts.access import roles_with
from services.runtime.access.checker import TokenChecker
from services.runtime.access.interceptor import AccessInterceptor
from services.runtime.access.keys import KeyRing, key_id, public_bytes
from services.runtime.access.own_token import OwnToken
from services.runtime.access.revocations import Revocation, Revocations
from services.runtime.access.tokens import Token, encoded
from services.runtime.call_context import act_as, current_call
from services.runtime.ids import RandomIds
from services.runtime.principal import HouseRoles, Principal, PrincipalKind, PrincipalRef
from services.runtime.rpc.errors import refusal_of
from services.runtime.testing import eventually
from tests.integration.runtime.acting import CLOCK, Act, nothing, serving

DEPLOYMENT = Ed25519PrivateKey.generate()
ACCOUNTS = Ed25519PrivateKey.generate()
OWNER = Principal(PrincipalKind.STAFF, "psn_1", (HouseRoles("hse_a", frozenset({"owner"})),))
SERVICE = OwnToken(DEPLOYMENT, "orders", CLOCK, RandomIds())
OPERATOR = OwnToken(DEPLOYMENT, "console", CLOCK, RandomIds(), PrincipalKind.OPERATOR)


async def keys_of_accounts() -> dict[str, bytes]:
    return {key_id(public_bytes(ACCOUNTS)): public_bytes(ACCOUNTS)}


def interceptor(revocations: Revocations) -> AccessInterceptor:
    keys = KeyRing(DEPLOYMENT, CLOCK, fetch=keys_of_accounts)
    return AccessInterceptor(TokenChecker(keys, revocations, CLOCK), roles_with, CLOCK)


@asynccontextmanager
async def guarded(act: Act = nothing, revocations: Revocations | None = None) -> AsyncIterator[grpc.aio.Channel]:
    async with serving(act, interceptor(revocations or Revocations())) as channel:
        yield channel


def token(principal: Principal = OWNER, *, lives_ms: int = 60_000) -> str:
    now = CLOCK.now_ms()
    return f"Bearer {encoded(Token(principal, now, now + lives_ms, 'tok_1'), ACCOUNTS, key_id(public_bytes(ACCOUNTS)))}"


def metadata(credential: str = "", acts_for: str = "") -> grpc.aio.Metadata:
    pairs = [("authorization", credential)] if credential else []
    return grpc.aio.Metadata(*pairs, *([("x-balcon-on-behalf-of", acts_for)] if acts_for else []))


async def totals(channel: grpc.aio.Channel, credential: str = "", acts_for: str = "", house_id: str = "hse_a") -> None:
    request = GetTotalsRequest(house_id=house_id, performance_id="prf_1")
    await ReportingServiceStub(channel).GetTotals(request, metadata=metadata(credential, acts_for))


async def audit(channel: grpc.aio.Channel, credential: str = "", acts_for: str = "") -> None:
    async for _ in AuditServiceStub(channel).Audit(AuditRequest(), metadata=metadata(credential, acts_for)):
        pass


async def told(asking: Awaitable[None]) -> tuple[str, str]:
    """The code and the reason of the refusal."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await asking
    refusal = refusal_of(caught.value)
    return caught.value.code().name, "" if refusal is None else refusal.reason


@pytest.mark.parametrize("ask", [totals, audit])
async def test_nobody_is_let_in_without_a_token_and_nothing_is_done(ask: Callable[..., Awaitable[None]]) -> None:
    came: list[str] = []

    async def act() -> None:
        came.append("came")

    async with guarded(act) as channel:
        assert await told(ask(channel)) == ("UNAUTHENTICATED", "TOKEN_MISSING")
        assert await told(ask(channel, "Bearer x.y.z")) == ("UNAUTHENTICATED", "TOKEN_INVALID")
        assert await told(ask(channel, token(lives_ms=1)[:-4])) == ("UNAUTHENTICATED", "TOKEN_INVALID")
    assert came == []


async def test_staff_are_let_into_their_house_and_a_foreign_one_is_as_unknown_as_any() -> None:
    async with guarded() as channel:
        await totals(channel, token())
        foreign = await told(totals(channel, token(), house_id="hse_b"))
        unknown = await told(totals(channel, token(), house_id="hse_nobody_has"))
        assert foreign == unknown == ("NOT_FOUND", "HOUSE_NOT_FOUND")
        door = Principal(PrincipalKind.STAFF, "psn_2", (HouseRoles("hse_a", frozenset({"door"})),))
        assert await told(totals(channel, token(door))) == ("PERMISSION_DENIED", "PERMISSION_MISSING")
        assert await told(audit(channel, token())) == ("PERMISSION_DENIED", "AUDIENCE_REFUSED")
        await audit(channel, OPERATOR())
        assert await told(totals(channel, OPERATOR())) == ("PERMISSION_DENIED", "AUDIENCE_REFUSED")


async def test_the_call_knows_whom_it_is_for() -> None:
    came: list[Principal | None] = []

    async def act() -> None:
        call = current_call()
        assert call is not None
        came.append(call.principal)

    async with guarded(act) as channel:
        await totals(channel, token())
        await totals(channel, SERVICE())
        await totals(channel, SERVICE(), "BUYER/hld_1")
    service = Principal(PrincipalKind.SERVICE, "orders")
    named = Principal(PrincipalKind.SERVICE, "orders", on_behalf_of=PrincipalRef(PrincipalKind.BUYER, "hld_1"))
    assert came == [OWNER, service, named]


async def test_only_services_name_somebody_to_act_for_and_in_one_form() -> None:
    async with guarded() as channel:
        assert await told(totals(channel, token(), "STAFF/psn_9")) == ("UNAUTHENTICATED", "TOKEN_INVALID")
        for acts_for in ("psn_9", "KING/psn_9", "STAFF/", "STAFF/a b", "STAFF/psn_9/x"):
            assert await told(totals(channel, SERVICE(), acts_for)) == ("UNAUTHENTICATED", "TOKEN_INVALID")


async def test_the_next_service_is_told_whom_the_call_is_for_with_the_services_own_token() -> None:
    """A person's token ends at the first service; what goes on is the service's, with the person's id."""
    came: list[Principal | None] = []

    async def act() -> None:
        call = current_call()
        assert call is not None
        came.append(call.principal)

    act_as(SERVICE)
    async with guarded(act) as second:

        async def call_on() -> None:
            await ReportingServiceStub(second).GetTotals(GetTotalsRequest(house_id="hse_a"))

        async with guarded(call_on) as first:
            await totals(first, token())
    named = PrincipalRef(PrincipalKind.STAFF, "psn_1")
    assert came == [Principal(PrincipalKind.SERVICE, "orders", on_behalf_of=named)]


async def test_what_is_revoked_is_refused_with_the_next_call() -> None:
    revocations = Revocations()
    async with guarded(revocations=revocations) as channel:
        mine = token()
        await totals(channel, mine)
        revocations.learn([Revocation("psn_1", CLOCK.now_ms())], CLOCK.now_ms())
        assert await told(totals(channel, mine)) == ("UNAUTHENTICATED", "TOKEN_REVOKED")


async def test_a_stream_ends_with_its_token_and_says_so() -> None:
    """An audit that would never end."""
    now = CLOCK.now_ms()
    brief = Token(Principal(PrincipalKind.OPERATOR, "console"), now, now + 300, "tok_1")
    written = encoded(brief, DEPLOYMENT, key_id(public_bytes(DEPLOYMENT)))
    ended: list[str] = []

    async def wait_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")

    async with guarded(wait_for_ever) as channel:
        assert await told(audit(channel, f"Bearer {written}")) == ("UNAUTHENTICATED", "TOKEN_EXPIRED")

        # The caller may hear of the end before the call's own task has had its turn.
        async def is_over() -> None:
            assert ended == ["ended"]

        await eventually(is_over)


async def test_refusals_are_counted_by_their_reason() -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("balcon_refusals_total", {"reason": "TOKEN_MISSING"}) or 0.0

    before = counted()
    async with guarded() as channel:
        await told(totals(channel))
    assert counted() == before + 1


async def test_a_method_that_declares_nothing_keeps_the_server_from_starting() -> None:
    undeclared: Any = type("Details", (), {"method": "/balcon.reporting.v1.ReportingService/Forgotten"})()
    inside = interceptor(Revocations())

    async def handler(_: Any) -> Any:
        return object()

    with pytest.raises(KeyError, match="Forgotten"):
        await inside.intercept_service(handler, undeclared)
