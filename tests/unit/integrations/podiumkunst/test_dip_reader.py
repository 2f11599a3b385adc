"""Bad days of the platform: whatever comes, the reader says what it was, and raises nothing."""

from collections.abc import Callable

import httpx
import pytest

from services.integrations.podiumkunst.adapters.dip_reader import MAX_ANSWER_BYTES, DipReader, reading_limits
from services.integrations.podiumkunst.adapters.dip_wire import DipNames
from services.integrations.podiumkunst.domain.platform import PlatformList
from services.integrations.podiumkunst.ports.platform import Granted, NotTold, PlatformAccount, Untold
from services.runtime.clock import SystemClock
from services.runtime.outbound.http import OutboundHttp
from services.runtime.outbound.memory_queue import MemoryLedger
from services.runtime.outbound.port import Exchange, Target

ACCOUNT = PlatformAccount("house", "client", "a secret of the house")


class Tokens:
    def __init__(self, *tokens: str | NotTold, exchange: Exchange | None = None) -> None:
        self.exchange = exchange
        self.tokens = list(tokens) or ["good"]
        self.forgotten = 0

    async def granted(self, account: PlatformAccount) -> Granted:
        return Granted(self.tokens[min(self.forgotten, len(self.tokens) - 1)], self.exchange)

    def forget(self, account: PlatformAccount) -> None:
        self.forgotten += 1


def reader(
    answer: Callable[[httpx.Request], httpx.Response], tokens: Tokens | None = None, ledger: MemoryLedger | None = None
) -> DipReader:
    def streamed(request: httpx.Request) -> httpx.Response:
        whole = answer(request)
        return httpx.Response(whole.status_code, headers=whole.headers, stream=httpx.ByteStream(whole.content))

    transport = httpx.MockTransport(streamed)
    http = OutboundHttp("http://dip.test", SystemClock(), limits=reading_limits(10), transport=transport)
    return DipReader(http, tokens or Tokens(), DipNames(), ledger or MemoryLedger())


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx.Response(500), Untold.SILENT),
        (httpx.Response(503, text="<html>"), Untold.SILENT),
        (httpx.Response(429, headers={"retry-after": "7"}), Untold.SILENT),
        (httpx.Response(200, text="<html>"), Untold.UNREADABLE),
        (httpx.Response(200, text='[{"number": '), Untold.UNREADABLE),
        (httpx.Response(200, json={"who": "knows"}), Untold.UNREADABLE),
        (httpx.Response(200, json={"error": "x", "error_description": "y"}), Untold.REFUSED),
        (httpx.Response(302, headers={"location": "http://elsewhere.test"}), Untold.SILENT),
        (httpx.Response(404), Untold.REFUSED),
        (httpx.Response(403), Untold.LOCKED),
        (httpx.Response(200, content=b" " * (MAX_ANSWER_BYTES + 1)), Untold.UNREADABLE),
    ],
)
async def test_every_bad_answer_is_said_by_its_name(answer: httpx.Response, why: Untold) -> None:
    told = await reader(lambda _: answer).performances(ACCOUNT)
    assert isinstance(told, NotTold)
    assert told.why is why
    assert told.after_ms == (7_000 if answer.status_code == 429 else 0)


async def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    told = await reader(lambda _: httpx.Response(200, content=b"[]" + b" " * MAX_ANSWER_BYTES)).performances(ACCOUNT)
    assert isinstance(told, NotTold)
    assert told.note == f"an answer of more than {MAX_ANSWER_BYTES:,} bytes"


async def test_no_answer_is_silence() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        message = "reset"
        raise httpx.ReadError(message, request=request)

    told = await reader(fail).performances(ACCOUNT)
    assert isinstance(told, NotTold)
    assert told.why is Untold.SILENT


async def test_a_token_that_is_refused_is_asked_for_anew_once() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200 if request.headers["authorization"] == "Bearer new" else 401, json=[])

    tokens = Tokens("old", "new")
    assert await reader(answer, tokens).performances(ACCOUNT) == PlatformList(())
    assert tokens.forgotten == 1
    told = await reader(answer, Tokens("old", "older")).performances(ACCOUNT)
    assert isinstance(told, NotTold)
    assert told.why is Untold.LOCKED


async def test_without_a_token_nothing_is_asked() -> None:
    refused = NotTold(Untold.LOCKED, "invalid_client", 401)
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=[])

    tokens = Tokens(refused)
    assert await reader(answer, tokens).sales(ACCOUNT, "NL-1") == refused
    assert (asked, tokens.forgotten) == ([], 0)


async def test_r0_4_an_unknown_production_is_an_answer() -> None:
    document = {"error": "invalid_request", "error_description": "no sales history"}
    told = await reader(lambda _: httpx.Response(400, json=document)).sales(ACCOUNT, "NL-26|/..")
    assert told == NotTold(Untold.REFUSED, "invalid_request: no sales history", 400)


async def test_a_production_is_one_part_of_the_path_whatever_is_in_it() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return httpx.Response(200, json=[])

    await reader(answer).sales(ACCOUNT, "NL/../x y")
    assert asked == ["/productions/NL%2F..%2Fx%20y/sales"]


def test_the_secret_is_in_no_text_of_the_account() -> None:
    assert "a secret" not in repr(ACCOUNT)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (httpx.Response(200, json=[]), "delivered"),
        (httpx.Response(200, text="<html>"), "later"),
        (httpx.Response(500), "later"),
        (httpx.Response(400, json={"error": "unknown"}), "refused"),
        (httpx.Response(401), "locked"),
    ],
)
async def test_what_the_platform_is_asked_is_a_line_of_the_ledger_whatever_it_answers(
    answer: httpx.Response, outcome: str
) -> None:
    ledger = MemoryLedger()
    await reader(lambda _: answer, ledger=ledger).performances(ACCOUNT)
    assert {(line.asked, line.status, line.outcome) for line in ledger.kept} == {
        ("GET /theaters/performances", answer.status_code, outcome)
    }
    assert "good" not in str(ledger.kept)


async def test_the_token_that_was_asked_for_on_the_way_is_a_line_of_the_ledger_too() -> None:
    exchange = Exchange(Target("house", "dip"), "POST /token", "token", 1, 2, 200, "a token", "", 0, "delivered")
    ledger = MemoryLedger()
    platform = reader(lambda _: httpx.Response(200, json=[]), Tokens("good", exchange=exchange), ledger)
    await platform.performances(ACCOUNT)
    assert [line.asked for line in ledger.kept] == ["POST /token", "GET /theaters/performances"]
