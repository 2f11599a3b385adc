"""How carriers speak HTTP: bounded in time and size, nowhere but where they were sent, each exchange ready to keep.

It raises nothing that a target can cause: silence and bad answers are answers too.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx
import stamina

from services.runtime.clock import Clock
from services.runtime.outbound.answers import NOT_LET_IN, SILENCE, outcome_of, retry_after_ms, word_of
from services.runtime.outbound.masking import masked
from services.runtime.outbound.port import Exchange, Later, Outcome, Target


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Of one question. `total_seconds` ends it whatever the answer drips; `answer_bytes` is as much as is read."""

    connect_seconds: float = 5.0
    read_seconds: float = 15.0
    total_seconds: float = 30.0
    answer_bytes: int = 2_000_000
    connections: int = 100


@dataclass(frozen=True, slots=True)
class Question:
    """`path`: below the base URL, with a leading slash. `asked_as`: what the ledger shows where a path holds a secret.

    `secrets`: what is masked wherever an answer repeats it. `dispatches`: how many it carries.
    """

    method: str
    path: str
    kind: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    asked_as: str = ""
    dispatches: int = 1
    secrets: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` SILENCE: none came, and `fault` says why; `was_sent`: the target may have heard the question.

    Names of `headers` are in lower case. `is_whole`: False where the answer was longer than is read. `is_ours`: nothing
    was asked, for our own connections were all taken by others; the target has no part in it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    fault: str
    was_sent: bool
    is_whole: bool
    exchange: Exchange
    retry_after_ms: int = 0
    is_ours: bool = False

    @property
    def note(self) -> str:
        """For an outcome: what came, in words that staff may read."""
        if self.status == SILENCE:
            return self.fault
        return f"answered {self.status}" + (f": {self.exchange.answer}" if self.exchange.answer else "")

    @property
    def document(self) -> dict[str, Any] | None:
        """The JSON object that came; None for anything else, such as a page of HTML, half an object, or a trap."""
        try:
            found = json.loads(self.body) if self.is_whole else None
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def outcome(self, *, locks: frozenset[int] = NOT_LET_IN) -> Outcome:
        """By the usual rules (outcome_of)."""
        outcome = outcome_of(
            self.status, self.note, retry_after_ms=self.retry_after_ms, locks=locks, was_sent=self.was_sent
        )
        return replace(outcome, is_targets_fault=False) if self.is_ours and isinstance(outcome, Later) else outcome

    def exchange_as(self, outcome: Outcome) -> Exchange:
        """The exchange for the ledger, where an adapter understands the answer otherwise than by the usual rules."""
        return replace(self.exchange, outcome=word_of(outcome))


class OutboundHttp:
    """Questions to one base URL. Follows no redirect, keeps no cookie, reads no environment, trusts no bad certificate.

    `transport`: for tests, and for whoever must look at addresses before anything is sent to them.
    """

    def __init__(
        self,
        base_url: str,
        clock: Clock,
        *,
        limits: HttpLimits | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._clock = clock
        self._limits = limits = limits or HttpLimits()
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(limits.read_seconds, connect=limits.connect_seconds),
            limits=httpx.Limits(max_connections=limits.connections, max_keepalive_connections=8),
            follow_redirects=False,
            trust_env=False,
            # One client serves many houses: what one of them is given must not go out with another's question.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"user-agent": "Balcon", "accept-encoding": "identity"},
        )

    def at(self, base_url: str) -> OutboundHttp:
        """The same connections and bounds, to another address: for targets that each have their own. Not closed."""
        other = copy(self)
        other._base_url = base_url.rstrip("/")
        return other

    async def close(self) -> None:
        """Lets the connections go."""
        await self._client.aclose()

    async def ask(self, target: Target, question: Question) -> Answer:
        """Asks, and answers in time whatever happens."""
        assert not question.path or question.path.startswith("/"), "a path below the base URL"
        at_ms, started = self._clock.now_ms(), self._clock.monotonic()
        told = _Told()
        try:
            async with asyncio.timeout(self._limits.total_seconds):
                await self._exchange(question, told)
        except TimeoutError:
            told.fault = told.fault or f"no whole answer within {self._limits.total_seconds:g} s"
        except httpx.PoolTimeout:
            told.was_sent, told.is_ours, told.fault = False, True, "all our own connections are taken"
        except httpx.TimeoutException as error:
            told.was_sent = told.was_sent and not isinstance(error, httpx.ConnectTimeout)
            told.fault = f"no answer in time ({type(error).__name__})"
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
            told.was_sent = told.was_sent and not isinstance(error, httpx.ConnectError)
            told.fault = f"no answer ({type(error).__name__})"
        if told.fault:
            told.status = SILENCE
        wait_ms = retry_after_ms(told.headers, self._clock.now_ms())
        took_ms = int((self._clock.monotonic() - started) * 1000)
        answer = masked(told.fault or bytes(told.body), question.secrets)
        default = outcome_of(told.status, "", retry_after_ms=wait_ms, was_sent=told.was_sent)
        return Answer(
            status=told.status,
            headers=told.headers,
            body=bytes(told.body),
            fault=told.fault,
            was_sent=told.was_sent,
            is_whole=told.is_whole,
            retry_after_ms=wait_ms,
            is_ours=told.is_ours,
            exchange=Exchange(
                target=target,
                asked=f"{question.method} {question.asked_as or question.path or '/'}",
                kind=question.kind,
                at_ms=at_ms,
                took_ms=took_ms,
                status=told.status,
                answer=answer,
                payload_hash=hashlib.sha256(question.body).hexdigest(),
                dispatches=question.dispatches,
                outcome=word_of(default),
            ),
        )

    async def _exchange(self, question: Question, told: _Told) -> None:
        request = self._client.build_request(
            question.method,
            self._base_url + question.path,
            content=question.body or None,
            headers=dict(question.headers),
            params=dict(question.query) or None,
        )
        told.was_sent = True
        response = await self._sent(request)
        try:
            told.status = response.status_code
            told.headers = {name.lower(): value for name, value in response.headers.items()}
            if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
                return
            async for chunk in response.aiter_raw():
                room = self._limits.answer_bytes - len(told.body)
                told.body += chunk[:room]
                if len(chunk) > room:
                    told.is_whole = False
                    return
        finally:
            await response.aclose()

    async def _sent(self, request: httpx.Request) -> httpx.Response:
        """A connection that could not be made is tried once more at once: nothing was sent. The rest is the queue's."""
        async for attempt in stamina.retry_context(
            on=httpx.ConnectError, attempts=2, timeout=None, wait_initial=0.05, wait_max=0.2, wait_jitter=0.1
        ):
            with attempt:
                return await self._client.send(request, stream=True)
        raise AssertionError


@dataclass(slots=True)
class _Told:
    """What is known of an answer so far."""

    status: int = SILENCE
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    fault: str = ""
    was_sent: bool = False
    is_whole: bool = True
    is_ours: bool = False
