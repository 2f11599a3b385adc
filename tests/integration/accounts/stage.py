"""Accounts as main.py wires it, in the test's own process: real gRPC, real PostgreSQL, cheap passwords."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import grpc
import jwt
from balcon.accounts.v1 import accounts_service_pb2 as pb
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from balcon.audit.v1.audit_service_pb2 import AuditRequest, Check
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.accounts.main import build
from services.accounts.settings import AccountsSettings
from services.contracts.access import roles_with
from services.contracts.wire_types import instant_ms
from services.runtime.access.keys import private_key
from services.runtime.access.own_token import OwnToken
from services.runtime.access.revocations import Revocation
from services.runtime.rpc.client import open_channel
from services.runtime.service import Service
from services.runtime.testing.access import TEST_SERVICE_KEY
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.servers import as_owner

if TYPE_CHECKING:
    from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceAsyncStub
    from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceAsyncStub

PASSWORD = "correct horse battery"


Metadata = tuple[tuple[str, str], ...]
# Calls of a test are its process's own, a service's; with this they are nobody's.
NOBODY: Metadata = (("authorization", "Bearer nothing"),)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who has logged in, and what their calls carry."""

    person_id: str
    session_secret: str
    metadata: Metadata


class Accounts:
    """A running service, clients of it, and its database."""

    def __init__(self, service: Service, channel: grpc.aio.Channel, engine: AsyncEngine, mail: Path) -> None:
        self.service = service
        self.stub: AccountsServiceAsyncStub = AccountsServiceStub(channel)
        self._audit: AuditServiceAsyncStub = AuditServiceStub(channel)
        self.engine = engine
        self.mail = mail

    async def signed_in(self, email: str, password: str = PASSWORD) -> Caller:
        """Somebody who has logged in."""
        session = await self.log_in(email, password)
        return Caller(session.person.person_id, session.session_secret, await self.bearer(session.session_secret))

    async def bearer(self, session_secret: str) -> Metadata:
        """What a call carries for whoever has the session."""
        return (("authorization", f"Bearer {await self.token(session_secret)}"),)

    async def letter(self, to: str, subject: str = "") -> EmailMessage:
        """The newest letter to the address, with a subject that has these words, once it is there."""

        def found() -> EmailMessage:
            paths = sorted(self.mail.glob("*.eml"))
            letters = [message_from_bytes(path.read_bytes(), policy=default) for path in paths]
            mine = [one for one in letters if one["To"] == to and subject in str(one["Subject"])]
            assert mine, [(one["To"], one["Subject"]) for one in letters]
            return mine[-1]

        return await eventually(found)

    async def link(self, to: str, subject: str = "") -> str:
        """The secret in the link of that letter."""
        body: str = (await self.letter(to, subject)).get_content()
        return next(line.rsplit("/", 1)[1] for line in body.splitlines() if line.startswith("http"))

    async def no_letters_wait(self) -> None:
        async def none_waits() -> bool:
            return await self.rows("SELECT 1 FROM letters") == []

        await eventually(none_waits)

    async def sign_up(self, label: str, email: str | None = None) -> pb.SignUpResponse:
        return await self.stub.SignUp(sign_up_request(label, email=email or f"owner@{label}.example"))

    async def log_in(self, email: str, password: str = PASSWORD) -> pb.LogInResponse:
        return await self.stub.LogIn(pb.LogInRequest(email=email, password=password, device="Test"))

    async def token(self, session_secret: str) -> str:
        return (await self.stub.IssueToken(pb.IssueTokenRequest(session_secret=session_secret))).token

    async def claims(self, token: str) -> dict[str, Any]:
        """What the token says, checked with the key that the service tells."""
        return claims_of(token, await self.keys())

    async def keys(self) -> dict[str, bytes]:
        told = await self.stub.ListSigningKeys(pb.ListSigningKeysRequest())
        return {key.key_id: key.public_key for key in told.keys}

    async def revoked(self) -> list[Revocation]:
        """As a service asks for it, every few seconds."""
        told = await self.stub.ListRevocations(pb.ListRevocationsRequest(), metadata=self.as_service())
        return [Revocation(one.name, instant_ms(one.void_until_at)) for one in told.revocations]

    def as_service(self, name: str = "web") -> Metadata:
        token = OwnToken(private_key(TEST_SERVICE_KEY), name, self.service.clock, self.service.ids)
        return (("authorization", token()),)

    async def audit(self) -> list[Check]:
        answers = self._audit.Audit(AuditRequest())
        return [check async for answer in answers for check in answer.checks]

    async def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(sql))]

    async def damage(self, sql: str) -> None:
        """Changes rows behind the service's back."""
        async with self.engine.begin() as connection:
            await connection.execute(text(sql))


def claims_of(token: str, keys: dict[str, bytes]) -> dict[str, Any]:
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["typ"]) == ("EdDSA", "balcon+jwt")
    key = Ed25519PublicKey.from_public_bytes(keys[header["kid"]])
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=["EdDSA"], issuer="balcon.accounts")
    return claims


def sign_up_request(label: str, /, *, key: str | None = None, **changes: Any) -> pb.SignUpRequest:
    fields: dict[str, Any] = {
        "label": label,
        "house_name": "A house",
        "time_zone": "Europe/Amsterdam",
        "currency": "EUR",
        "languages": ["nl", "en"],
        "person_name": "Ada Owner",
        "email": f"owner@{label}.example",
        "password": PASSWORD,
    }
    return pb.SignUpRequest(idempotency_key=key or f"sign-up-{label}", **(fields | changes))


def settings_of(database_url: str, bus_url: str, **changes: Any) -> AccountsSettings:
    fields: dict[str, Any] = {
        "database_url": SecretStr(database_url),
        "bus_url": SecretStr(bus_url),
        "sealing_secrets": SecretStr("a sealing secret of tests"),
        "relay_interval_seconds": 0.1,
        "drain_seconds": 1,
        "password_time_cost": 1,
        "password_memory_kib": 8,
        "service_key": SecretStr(TEST_SERVICE_KEY),
    }
    return AccountsSettings(**(fields | changes))


@asynccontextmanager
async def running_accounts(
    database_url: str,
    bus_url: str = "memory://",
    *,
    clock: ShiftedClock | None = None,
    guarded: bool = False,
    **changes: Any,
) -> AsyncIterator[Accounts]:
    """Serves until the block ends."""
    folder = TemporaryDirectory(prefix="balcon-mail-")
    settings = settings_of(database_url, bus_url, **({"mail_folder": folder.name} | changes))
    service = Service("accounts", settings)
    service.clock = clock or service.clock
    if guarded:
        service.let_in(roles_with)
    engine = as_owner(database_url)
    await build(service, settings)
    await service.start()
    channel = open_channel(f"127.0.0.1:{service.rpc.port}", service.clock)
    try:
        yield Accounts(service, channel, engine, Path(folder.name))
    finally:
        await channel.close()
        await service.stop()
        await engine.dispose()
        folder.cleanup()
