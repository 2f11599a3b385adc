"""Keys of tokens: sealed, made once however many look, rotated in time, taken out of use at once."""

from __future__ import annotations

import asyncio

import jwt
import pytest
from balcon.accounts.v1 import accounts_service_pb2 as pb
from pydantic import SecretStr

from services.accounts.adapters.jwt_tokens import JwtTokens
from services.accounts.adapters.postgres_accounts import PostgresAccounts
from services.accounts.adapters.postgres_transaction import EventForms
from services.accounts.api.events import access_revoked, house_changed
from services.accounts.handlers.signing_keys import KeyRing
from services.accounts.ports.token_signer import TokenFacts
from services.runtime.access.keys import private_key
from services.runtime.access.own_token import OwnToken
from services.runtime.ids import RandomIds
from services.runtime.principal import Principal, PrincipalKind
from services.runtime.seal import Seal, SealBroken
from services.runtime.signing_keys.rotation import RotationRule
from services.runtime.sql.engine import create_engine
from services.runtime.testing.access import TEST_SERVICE_KEY
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.accounts.stage import Accounts, Metadata, running_accounts, settings_of

DAY_SECONDS = 86_400.0


def as_operator(accounts: Accounts) -> Metadata:
    key = private_key(TEST_SERVICE_KEY)
    token = OwnToken(key, "console", accounts.service.clock, accounts.service.ids, PrincipalKind.OPERATOR)
    return (("authorization", token()),)


async def key_of(accounts: Accounts) -> str:
    """The id of the key that signs now."""
    buyer = await accounts.stub.StartBuyerSession(pb.StartBuyerSessionRequest())
    key_id: str = jwt.get_unverified_header(await accounts.token(buyer.session_secret))["kid"]
    return key_id


class PassingClock(ShiftedClock):
    """A second passes between any two looks at it."""

    def now_ms(self) -> int:
        self.forward(seconds=1)
        return super().now_ms()


async def test_the_first_token_is_signed_by_the_key_that_is_made_for_it(database_url: DatabaseUrl) -> None:
    clock, ids = PassingClock(), RandomIds()
    seal = Seal(["a sealing secret of tests"], owner="accounts")
    engine = create_engine(database_url("accounts"), application="test", row_security=True)
    forms = EventForms(house_changed=house_changed, access_revoked=access_revoked)
    store = PostgresAccounts(engine, clock=clock, ids=ids, forms=forms, seal=seal, wake=lambda: None)
    rule = RotationRule(sign_ms=1_000_000_000, announce_ms=1_000)
    ring = KeyRing(store, JwtTokens(seal, ids), clock, rule=rule, look_seconds=60)
    facts = TokenFacts(Principal(PrincipalKind.BUYER, "hdr_1"), 1_000, 2_000)
    header = jwt.get_unverified_header(await ring.signed(facts))
    assert [key.key_id for key in await ring.public_keys()] == [header["kid"]]
    await engine.dispose()


async def test_processes_that_begin_together_make_one_key(database_url: DatabaseUrl) -> None:
    url = database_url("accounts")
    async with running_accounts(url) as one, running_accounts(url) as other:
        keys = await asyncio.gather(*(accounts.keys() for accounts in (one, other) * 4))
        assert len({tuple(sorted(told)) for told in keys}) == 1
        assert await one.rows("SELECT count(*) FROM signing_keys") == [(1,)]


async def test_a_key_is_told_before_it_signs_and_until_its_tokens_are_over(
    guarded: Accounts, clock: ShiftedClock
) -> None:
    first = await key_of(guarded)
    clock.forward(seconds=29 * DAY_SECONDS)
    assert len(await guarded.keys()) == 2
    assert await key_of(guarded) == first
    clock.forward(seconds=DAY_SECONDS)
    second = await key_of(guarded)
    assert second != first
    assert set(await guarded.keys()) == {first, second}
    clock.forward(seconds=700)
    assert set(await guarded.keys()) == {second}


async def test_a_private_key_is_sealed_and_the_seal_may_change(database_url: DatabaseUrl) -> None:
    url = database_url("accounts")
    async with running_accounts(url) as accounts:
        first = await key_of(accounts)
        [(sealed,)] = await accounts.rows("SELECT sealed_private FROM signing_keys")
    assert len(Seal(["a sealing secret of tests"], owner="accounts").opened(bytes(sealed))) == 32
    with pytest.raises(SealBroken):
        Seal(["another sealing secret"], owner="accounts").opened(bytes(sealed))
    both = SecretStr("a new sealing secret, a sealing secret of tests")
    async with running_accounts(url, sealing_secrets=both) as accounts:
        assert await key_of(accounts) == first


async def test_a_withdrawn_key_signs_nothing_more_and_its_tokens_are_void(guarded: Accounts) -> None:
    await guarded.sign_up("genova")
    owner = await guarded.signed_in("owner@genova.example")
    first = await key_of(guarded)
    request = pb.WithdrawSigningKeyRequest(key_id=first)
    for _ in range(2):
        await guarded.stub.WithdrawSigningKey(request, metadata=as_operator(guarded))
    assert await key_of(guarded) != first
    assert first not in await guarded.keys()
    assert first in {one.name for one in await guarded.revoked()}

    async def is_void() -> None:
        refused = await refusal(guarded.stub.GetPerson(pb.GetPersonRequest(), metadata=owner.metadata))
        assert refused.reason in {"TOKEN_REVOKED", "TOKEN_INVALID"}

    await eventually(is_void)


async def test_people_may_not_withdraw_keys(guarded: Accounts) -> None:
    await guarded.sign_up("genova")
    owner = await guarded.signed_in("owner@genova.example")
    request = pb.WithdrawSigningKeyRequest(key_id="k")
    assert (
        await refusal(guarded.stub.WithdrawSigningKey(request, metadata=owner.metadata))
    ).reason == "AUDIENCE_REFUSED"


@pytest.mark.parametrize("secrets", ["", "too short", "long enough to be a secret, short"])
def test_a_seal_that_could_be_guessed_stops_the_start(secrets: str) -> None:
    settings = settings_of("postgresql+asyncpg://", "memory://", sealing_secrets=SecretStr(secrets))
    with pytest.raises(ValueError, match="SEALING_SECRETS"):
        settings.secrets()
