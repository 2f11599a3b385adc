"""The three companies as doubles, with the clients that speak to them, for tests of what is said and heard."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from services.integrations.trackers.adapters.google_conversions import GoogleConversions
from services.integrations.trackers.adapters.google_tokens import GoogleTokens
from services.integrations.trackers.adapters.meta_conversions import MetaConversions
from services.integrations.trackers.adapters.x_conversions import XConversions
from services.integrations.trackers.domain.conversion import (
    Conversion,
    GoogleAccount,
    MetaAccount,
    ServiceAccount,
    XAccount,
)
from services.integrations.trackers.domain.hashing import Person
from services.integrations.trackers.domain.reached import Worth
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.visit import Traces
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbound.http import HttpLimits, OutboundHttp
from services.runtime.outbound.port import Target
from tests.doubles.company import Company
from tests.doubles.google_data_manager import GoogleDouble
from tests.doubles.meta import MetaDouble
from tests.doubles.x_conversions import XDouble, XKeys

HOUSE = "hou_one"
TARGET = Target(HOUSE, "trk_one")
META = MetaAccount("100200300", "EAAG-meta-token-one")
X = XAccount(
    "o8z6j", "tw-o8z6j-start1", "tw-o8z6j-sold1", "x-consumer", "x-consumer-secret-1", "x-token", "x-token-secret-1"
)
_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
PRIVATE_KEY = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC_KEY = (
    _KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)
GOOGLE = GoogleAccount("123-456-7890", "111", "222", ServiceAccount("balcon@house.iam.example", PRIVATE_KEY))

JANE = Person(email=" Jane.Doe@Example.com", phone="+31 6 12345678", customer_id="cus_jane")
TRACES = Traces(
    ip_address="203.0.113.7",
    user_agent="Mozilla/5.0 (test)",
    page_url="https://shop.theatre.example/hamlet",
    fbp="fb.1.1596403881668.1116446470",
    fbc="fb.1.1554763741205.AbCdEfGhIjKl",
    gclid="Cj0KCQjw-gclid",
    twclid="23opevjt88psuo13lu8d020qkn",
)


@dataclass
class SetClock(SystemClock):
    """The machine's clock, wrong by as much as a test says."""

    off_ms: int = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.off_ms


@dataclass
class Companies:
    """Doubles and clients."""

    meta_double: MetaDouble
    google_double: GoogleDouble
    x_double: XDouble
    meta: MetaConversions
    google: GoogleConversions
    x: XConversions
    clock: SetClock
    their_clock: SetClock


@contextlib.asynccontextmanager
async def together(*doubles: Company) -> AsyncIterator[None]:
    """All of them at once: servers take their time to stop."""
    await asyncio.gather(*(double.__aenter__() for double in doubles))
    try:
        yield
    finally:
        await asyncio.gather(*(double.__aexit__() for double in doubles))


@contextlib.asynccontextmanager
async def companies(*, read_seconds: float = 5.0) -> AsyncIterator[Companies]:
    """All three, with one account each."""
    ours, theirs = SetClock(), SetClock()
    limits = HttpLimits(read_seconds=read_seconds, total_seconds=read_seconds + 25.0)
    meta, google, x = MetaDouble(theirs.now_ms), GoogleDouble(theirs.now_ms), XDouble(theirs.now_ms)
    async with together(meta, google, x), contextlib.AsyncExitStack() as closing:
        meta.tokens[META.pixel_id] = META.access_token
        assert isinstance(GOOGLE.credentials, ServiceAccount)
        google.service_accounts[GOOGLE.credentials.client_email] = PUBLIC_KEY
        x.accounts[X.token] = XKeys(X.pixel_id, X.consumer_key, X.consumer_secret, X.token, X.token_secret)

        def http(base_url: str) -> OutboundHttp:
            made = OutboundHttp(base_url, ours, limits=limits)
            closing.push_async_callback(made.close)
            return made

        tokens = GoogleTokens(http(f"{google.url}/token"), f"{google.url}/token", ours)
        yield Companies(
            meta,
            google,
            x,
            MetaConversions(http(meta.url), version="25.0"),
            GoogleConversions(http(google.url), tokens, version="1"),
            XConversions(http(x.url), x.url, ours, RandomIds(), version="12"),
            ours,
            theirs,
        )


def purchase(number: int = 1, *, at_ms: int | None = None, amount: int = 2_500, person: Person = JANE) -> Conversion:
    """A sale of two seats to Jane, a minute ago."""
    return Conversion(
        step=Step.DONE,
        event_id=f"ord_{number}.purchase",
        at_ms=SystemClock().now_ms() - 60_000 if at_ms is None else at_ms,
        traces=TRACES,
        person=person,
        worth=Worth(amount, "EUR"),
        content_id="pro_hamlet|hou_one|2027-01-31T20:00",
        tickets=2,
        order_id=f"ord_{number}",
    )
