"""Tokens are asked for once for many, renewed before they end, and a refused account is said to be one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from services.integrations.podiumkunst.adapters.dip_tokens import MARGIN_SECONDS, DipTokens
from services.integrations.podiumkunst.adapters.dip_wire import DipNames
from services.integrations.podiumkunst.ports.platform import NotTold, PlatformAccount, Untold
from services.runtime.clock import LoopClock
from services.runtime.outbound.http import OutboundHttp
from services.runtime.testing import run_virtual

KRING = PlatformAccount("house_1", "kring", "s3cret")


class Platform:
    """Answers /token by a script, the last answer again and again."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.content.decode())
        await asyncio.sleep(0)  # noqa: TID251 (gives way, as a network does)
        told = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return httpx.Response(told.status_code, stream=httpx.ByteStream(told.content), headers=told.headers)

    def tokens(self) -> DipTokens:
        clock = LoopClock()
        return DipTokens(OutboundHttp("http://dip", clock, transport=httpx.MockTransport(self)), DipNames(), clock)


async def token_of(tokens: DipTokens, account: PlatformAccount = KRING) -> str | NotTold:
    return (await tokens.granted(account)).token


def token(text: str, seconds: float = 3_600) -> httpx.Response:
    return httpx.Response(200, json={"access_token": text, "token_type": "Bearer", "expires_in": seconds})


def test_many_at_the_same_time_ask_once() -> None:
    platform = Platform(token("t1"))

    async def ask() -> None:
        tokens = platform.tokens()
        assert set(await asyncio.gather(*(token_of(tokens) for _ in range(20)))) == {"t1"}

    run_virtual(ask())
    assert platform.asked == ["client_id=kring&client_secret=s3cret&grant_type=client_credentials"]


def test_a_token_is_renewed_before_its_end() -> None:
    platform = Platform(token("t1"), token("t2"))

    async def ask() -> None:
        tokens, clock = platform.tokens(), LoopClock()
        assert await token_of(tokens) == "t1"
        await clock.sleep(3_600 - MARGIN_SECONDS - 1)
        assert await token_of(tokens) == "t1"
        await clock.sleep(1.1)
        assert await token_of(tokens) == "t2"

    run_virtual(ask())


def test_a_short_lived_token_is_used_for_half_its_life() -> None:
    platform = Platform(token("t1", 2), token("t2"))

    async def ask() -> None:
        tokens, clock = platform.tokens(), LoopClock()
        await token_of(tokens)
        await clock.sleep(0.9)
        assert await token_of(tokens) == "t1"
        await clock.sleep(0.2)
        assert await token_of(tokens) == "t2"

    run_virtual(ask())


def test_a_forgotten_one_and_another_secret_are_asked_for_anew() -> None:
    platform = Platform(token("t1"), token("t2"), token("t3"))

    async def ask() -> None:
        tokens = platform.tokens()
        await token_of(tokens)
        tokens.forget(KRING)
        assert await token_of(tokens) == "t2"
        assert await token_of(tokens, PlatformAccount("house_1", "kring", "another")) == "t3"

    run_virtual(ask())


def test_two_houses_with_one_client_id_have_tokens_of_their_own() -> None:
    platform = Platform(token("t1"), token("t2"))

    async def ask() -> None:
        tokens = platform.tokens()
        other = PlatformAccount("house_2", "kring", "s3cret")
        assert [await token_of(tokens), await token_of(tokens, other)] == ["t1", "t2"]

    run_virtual(ask())


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda: httpx.Response(400, json={"error": "invalid_client"}), Untold.LOCKED),
        (lambda: httpx.Response(401), Untold.LOCKED),
        (lambda: httpx.Response(500), Untold.SILENT),
        (lambda: httpx.Response(429, headers={"retry-after": "7"}), Untold.SILENT),
        (lambda: httpx.Response(200, text="<html>Onderhoud</html>"), Untold.UNREADABLE),
        (lambda: httpx.Response(200, json={"error": "internal"}), Untold.UNREADABLE),
        (lambda: httpx.Response(200, json={"access_token": "t\n", "expires_in": 60}), Untold.UNREADABLE),
        (lambda: httpx.Response(200, json={"access_token": "t"}), Untold.UNREADABLE),
        (lambda: httpx.Response(200, json={"access_token": "t", "expires_in": -1}), Untold.UNREADABLE),
    ],
)
def test_what_is_no_token_is_told_as_what_it_is(answer: Callable[[], httpx.Response], why: Untold) -> None:
    platform = Platform(answer())

    async def ask() -> None:
        told = await token_of(platform.tokens())
        assert isinstance(told, NotTold)
        assert told.why is why

    run_virtual(ask())


def test_neither_the_secret_nor_the_token_is_in_what_the_ledger_keeps() -> None:
    platform = Platform(token("a.very.secret.token"))

    async def ask() -> None:
        granted = await platform.tokens().granted(KRING)
        assert granted.exchange is not None
        assert "secret" not in repr(granted.exchange)

    run_virtual(ask())


def test_a_refusal_that_repeats_the_secret_is_told_without_it() -> None:
    said = {"error": "invalid_client", "error_description": f"no client has {KRING.client_secret}"}
    platform = Platform(httpx.Response(401, json=said))

    async def ask() -> str | NotTold:
        return await token_of(platform.tokens())

    told = run_virtual(ask())
    assert isinstance(told, NotTold)
    assert told.note == "invalid_client: no client has ***"
