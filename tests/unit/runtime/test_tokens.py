"""Tokens: what is believed, what is not, and that nothing but the right key makes the difference."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.runtime.access.checker import MAX_REMEMBERED, Checked, TokenChecker
from services.runtime.access.keys import (
    REFETCH_SECONDS,
    KeyMalformed,
    KeyRing,
    KeysUnknown,
    key_id,
    private_key,
    public_bytes,
)
from services.runtime.access.own_token import OwnToken
from services.runtime.access.refusals import TokenExpired, TokenInvalid, TokenMissing, TokenRevoked
from services.runtime.access.revocations import Revocation, Revocations
from services.runtime.access.tokens import ACCOUNTS_ISSUER, MAX_SECONDS, TYPE, Token, encoded
from services.runtime.ids import SeededIds
from services.runtime.principal import HouseRoles, Principal, PrincipalKind

NOW_MS = 1_800_000_000_000
DEPLOYMENT = Ed25519PrivateKey.from_private_bytes(b"d" * 32)
ACCOUNTS = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
ANNA = Principal(PrincipalKind.STAFF, "psn_anna", (HouseRoles("hse_a", frozenset({"owner", "door"})),))


class SetClock:
    def __init__(self) -> None:
        self.ms = NOW_MS

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


class Accounts:
    """Counts how often it is asked for its keys."""

    def __init__(self) -> None:
        self.asked = 0
        self.keys = [ACCOUNTS]
        self.is_away = False

    async def fetch(self) -> Mapping[str, bytes]:
        self.asked += 1
        if self.is_away:
            raise ConnectionError
        return {name_of(key): public_bytes(key) for key in self.keys}


def name_of(key: Ed25519PrivateKey) -> str:
    return key_id(public_bytes(key))


class Scene:
    def __init__(self) -> None:
        self.clock, self.accounts, self.revocations = SetClock(), Accounts(), Revocations()
        keys = KeyRing(DEPLOYMENT, self.clock, fetch=self.accounts.fetch)
        self.checker = TokenChecker(keys, self.revocations, self.clock)

    async def check(self, written: str) -> Any:
        return await self.checker.check(f"Bearer {written}")


@pytest.fixture
def scene() -> Scene:
    return Scene()


def token_of(principal: Principal = ANNA, *, at_ms: int = NOW_MS, lives_ms: int = 60_000) -> Token:
    return Token(principal, at_ms, at_ms + lives_ms, "tok_1", "ses_1", 3)


def by_accounts(token: Token | None = None) -> str:
    return encoded(token or token_of(), ACCOUNTS, name_of(ACCOUNTS))


def claims(**changes: Any) -> dict[str, Any]:
    seconds = NOW_MS / 1000
    good = {"iss": ACCOUNTS_ISSUER, "sub": "psn_1", "knd": "STAFF", "iat": seconds, "exp": seconds + 60, "jti": "t"}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(said: Mapping[str, Any], key: Ed25519PrivateKey = ACCOUNTS, **header: Any) -> str:
    headers = {"kid": name_of(ACCOUNTS), "typ": TYPE} | header
    return jwt.encode(dict(said), key, algorithm="EdDSA", headers=headers)


async def test_a_token_says_what_it_was_made_with(scene: Scene) -> None:
    checked = await scene.check(by_accounts())
    assert checked == Checked(token_of(), name_of(ACCOUNTS))


async def test_the_handmade_token_of_these_tests_is_believed_as_long_as_nothing_is_wrong_with_it(scene: Scene) -> None:
    assert isinstance(await scene.check(signed(claims())), Checked)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (signed(claims(), STRANGER), "has a signature that is not its key's"),
        (signed(claims(), STRANGER, kid=name_of(STRANGER)), "is signed with a key that is not known"),
        (signed(claims(), kid="../../etc/passwd"), "is signed with a key that is not known"),
        (signed(claims(), typ="JWT"), "is malformed"),
        (signed(claims(knd="SERVICE")), "is malformed"),
        (signed(claims(knd="OPERATOR")), "is malformed"),
        (signed(claims(knd="KING")), "is malformed"),
        (signed(claims(knd=None)), "is malformed"),
        (signed(claims(knd=["STAFF"])), "is malformed"),
        (signed(claims(sub="")), "is malformed"),
        (signed(claims(sub=None)), "is malformed"),
        (signed(claims(exp=None)), "is malformed"),
        (signed(claims(jti=None)), "is malformed"),
        (signed(claims(hss=["hse_a"])), "is malformed"),
        (signed(claims(hss={"hse_a": "owner"})), "is malformed"),
        (signed(claims(gv="3")), "is malformed"),
        (signed(claims(iat="yesterday")), "is malformed"),
        (signed(claims(iss="balcon.deployment")), "is not by who may sign it"),
        (signed(claims(exp=NOW_MS / 1000 + MAX_SECONDS + 1)), f"claims to live longer than {MAX_SECONDS} seconds"),
        (signed(claims(iat=NOW_MS / 1000 + 6, exp=NOW_MS / 1000 + 60)), "is from the future"),
        ("", "is malformed"),
        ("a.b.c", "is malformed"),
        ("\x00", "is malformed"),
    ],
)
async def test_what_is_wrong_with_a_token_is_told_and_nobody_is_let_in(
    scene: Scene, written: str, problem: str
) -> None:
    assert await scene.check(written) == TokenInvalid(problem)
    assert scene.checker.remembered(f"Bearer {written}") is None


def segment(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256", "ES256", ""])
async def test_the_token_does_not_choose_how_it_is_verified(scene: Scene, algorithm: str) -> None:
    """alg: none, and the public key taken for the secret of an HMAC."""
    header = segment({"alg": algorithm, "typ": TYPE, "kid": name_of(ACCOUNTS)})
    unsigned = f"{header}.{segment(claims())}"
    assert await scene.check(f"{unsigned}.") == TokenInvalid("is malformed")
    assert await scene.check(f"{unsigned}.{segment(claims())}") == TokenInvalid("is malformed")


async def test_any_other_byte_in_what_is_signed_makes_the_token_worthless(scene: Scene) -> None:
    header, body, signature = by_accounts().split(".")
    other = segment({**claims(), "hss": {"hse_b": ["owner"]}})
    assert await scene.check(f"{header}.{other}.{signature}") == TokenInvalid("has a signature that is not its key's")
    assert isinstance(await scene.check(f"{header}.{body}.{signature}"), Checked)


async def test_services_sign_with_the_deployments_key_and_accounts_cannot(scene: Scene) -> None:
    own = OwnToken(DEPLOYMENT, "orders", scene.clock, SeededIds(1))
    checked = await scene.checker.check(own())
    assert isinstance(checked, Checked)
    assert checked.token.principal == Principal(PrincipalKind.SERVICE, "orders")
    pretended = encoded(token_of(Principal(PrincipalKind.SERVICE, "orders")), ACCOUNTS, name_of(ACCOUNTS))
    assert await scene.check(pretended) == TokenInvalid("is not by who may sign it")


async def test_the_deployments_key_signs_no_people(scene: Scene) -> None:
    written = encoded(token_of(), DEPLOYMENT, name_of(DEPLOYMENT))
    assert await scene.check(written) == TokenInvalid("is not by who may sign it")


async def test_without_a_token_and_with_something_else_there_is_nobody(scene: Scene) -> None:
    assert await scene.checker.check("") == TokenMissing()
    assert await scene.checker.check("Basic YWxhZGRpbjpvcGVuc2VzYW1l") == TokenInvalid("is not a bearer token")


async def test_a_token_ends_at_its_time_remembered_or_not(scene: Scene) -> None:
    written = by_accounts(token_of(lives_ms=1_000))
    scene.clock.ms += 999
    assert isinstance(await scene.check(written), Checked)
    assert scene.checker.remembered(f"Bearer {written}") is not None
    scene.clock.ms += 1
    assert scene.checker.remembered(f"Bearer {written}") is None
    assert await scene.check(written) == TokenExpired()


def test_no_token_is_made_that_lives_longer_than_all_may() -> None:
    with pytest.raises(ValueError, match="600"):
        by_accounts(token_of(lives_ms=MAX_SECONDS * 1000 + 1))


@pytest.mark.parametrize("name", ["psn_anna", "ses_1"])
async def test_a_revoked_subject_or_session_is_out_at_once_and_in_again_with_a_later_token(
    scene: Scene, name: str
) -> None:
    before, after = by_accounts(), by_accounts(token_of(at_ms=NOW_MS + 1))
    assert isinstance(await scene.check(before), Checked)
    scene.revocations.learn([Revocation(name, NOW_MS)], NOW_MS)
    assert scene.checker.remembered(f"Bearer {before}") is None
    assert await scene.check(before) == TokenRevoked()
    assert isinstance(await scene.check(after), Checked)


def test_revocations_are_forgotten_when_no_token_can_be_older_and_never_go_back() -> None:
    revocations = Revocations()
    revocations.learn([Revocation("psn_anna", NOW_MS), Revocation("psn_anna", NOW_MS - 5)], NOW_MS)
    assert revocations.has(token_of(at_ms=NOW_MS))
    revocations.learn([], NOW_MS + MAX_SECONDS * 1000)
    assert revocations.has(token_of(at_ms=NOW_MS))
    revocations.learn([], NOW_MS + (MAX_SECONDS + 5) * 1000)
    assert not revocations.any


async def test_accounts_is_asked_for_its_keys_once_and_not_for_each_stranger(scene: Scene) -> None:
    for _ in range(5):
        await scene.check(by_accounts())
        await scene.check(signed(claims(), STRANGER, kid=name_of(STRANGER)))
    assert scene.accounts.asked == 1
    scene.clock.ms += int(REFETCH_SECONDS * 1000)
    await scene.check(signed(claims(), STRANGER, kid=name_of(STRANGER)))
    assert scene.accounts.asked == 2


async def test_a_new_key_of_accounts_is_fetched_when_the_first_token_of_it_comes(scene: Scene) -> None:
    await scene.check(by_accounts())
    scene.accounts.keys.append(STRANGER)
    scene.clock.ms += int(REFETCH_SECONDS * 1000)
    written = signed(claims(iat=scene.clock.ms / 1000, exp=scene.clock.ms / 1000 + 60), STRANGER, kid=name_of(STRANGER))
    assert isinstance(await scene.check(written), Checked)


async def test_while_accounts_is_away_nobody_is_told_that_a_token_is_bad(scene: Scene) -> None:
    scene.accounts.is_away = True
    with pytest.raises(KeysUnknown):
        await scene.check(by_accounts())
    scene.accounts.is_away = False
    assert isinstance(await scene.check(by_accounts()), Checked)


async def test_the_old_key_of_the_deployment_is_trusted_while_it_changes() -> None:
    clock = SetClock()
    public = base64.b64encode(public_bytes(STRANGER)).decode()
    keys = KeyRing(DEPLOYMENT, clock, also_trusted=[public])
    own = OwnToken(STRANGER, "orders", clock, SeededIds(1))
    assert isinstance(await TokenChecker(keys, Revocations(), clock).check(own()), Checked)


def test_a_service_renews_its_token_long_before_it_ends() -> None:
    clock = SetClock()
    own = OwnToken(DEPLOYMENT, "orders", clock, SeededIds(1))
    first = own()
    clock.ms += MAX_SECONDS * 500 - 1
    assert own() == first
    clock.ms += 1
    assert own() != first


async def test_a_stream_goes_on_after_its_tokens_time_for_services_only(scene: Scene) -> None:
    service = await scene.checker.check(OwnToken(DEPLOYMENT, "orders", scene.clock, SeededIds(1))())
    person = await scene.check(by_accounts())
    assert isinstance(service, Checked)
    assert scene.checker.again(service) is None
    assert scene.checker.again(Checked(service.token, "a key that is trusted no more")) == TokenExpired()
    assert scene.checker.again(person) == TokenExpired()
    scene.revocations.learn([Revocation("psn_anna", NOW_MS)], NOW_MS)
    assert scene.checker.again(person) == TokenRevoked()


async def test_no_more_tokens_are_remembered_than_there_is_room_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.runtime.access.checker.MAX_REMEMBERED", 10)
    written = [by_accounts(token_of(lives_ms=1_000 + number)) for number in range(25)]
    for one in written:
        await scene.check(one)
    remembered = [one for one in written if scene.checker.remembered(f"Bearer {one}")]
    assert len(remembered) <= 10
    assert written[-1] in remembered
    assert MAX_REMEMBERED > 10_000


@pytest.mark.parametrize("written", ["", "short", "x" * 44, "ü" * 32, base64.b64encode(b"k" * 31).decode()])
def test_a_key_of_the_settings_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(KeyMalformed):
        private_key(written)


def test_keys_are_taken_in_both_alphabets_of_base64() -> None:
    raw = bytes(range(224, 256))
    for written in (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()):
        key = private_key(written)
        assert isinstance(key.public_key(), Ed25519PublicKey)
        assert key.private_bytes_raw() == raw
