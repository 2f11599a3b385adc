"""Who is let into which call, for every call of every service as its proto declares it; new ones are in it at once."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

from services.contracts.access import PERMISSIONS, Permission, Role
from services.runtime.access.revocations import Revocation
from services.runtime.access.tokens import MAX_SECONDS, Token, encoded
from services.runtime.principal import HouseRoles, Principal, PrincipalKind
from tests.integration.access.every_call import (
    CLOCK,
    HOLDER,
    HOUSE,
    EveryCall,
    access_of,
    audiences_of,
    credential_of,
    every_method,
    request_of,
    serving_every_call,
    staff,
)
from tests.unit.runtime.test_tokens import ACCOUNTS, STRANGER, name_of

METHODS = {method.full_name: method for method in every_method()}
# As the page on access has them: who belongs to which audience.
BUYER = Principal(PrincipalKind.BUYER, HOLDER)
PROMOTER = Principal(PrincipalKind.PROMOTER, "psn_2")
RESELLER = Principal(PrincipalKind.RESELLER, "rsl_1", (HouseRoles(HOUSE, frozenset()),))
SERVICE = Principal(PrincipalKind.SERVICE, "tests")
OPERATOR = Principal(PrincipalKind.OPERATOR, "tests")
OF_NO_HOUSE = (
    (BUYER, {"BUYER"}),
    (PROMOTER, {"PROMOTER", "PERSON"}),
    (RESELLER, {"RESELLER"}),
    (SERVICE, {"SERVICE"}),
    (OPERATOR, {"OPERATOR"}),
)


# A server of all calls costs more than the few calls of a test: it is made once, and keeps nothing of any of them.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def every() -> AsyncIterator[EveryCall]:
    async with serving_every_call() as serving:
        yield serving


def is_public(method: MethodDescriptor) -> bool:
    return audiences_of(method) == {"PUBLIC"}


def is_for_people(method: MethodDescriptor) -> bool:
    return bool(audiences_of(method) & {"PERSON", "PROMOTER", "PUBLIC"})


async def test_every_call_declares_who_may_call_with_permissions_that_there_are() -> None:
    assert len(METHODS) > 100
    asked = {access_of(method).permission for method in METHODS.values()}
    assert asked <= {"", *Permission}


@pytest.mark.parametrize("name", METHODS)
async def test_nobody_in_particular_is_let_in_where_that_is_written_out_only(name: str, every: EveryCall) -> None:
    assert await every.call(METHODS[name]) == ("OK" if is_public(METHODS[name]) else "TOKEN_MISSING")


@pytest.mark.parametrize("name", METHODS)
async def test_each_audience_is_let_in_where_it_is_named_and_nowhere_else(name: str, every: EveryCall) -> None:
    method = METHODS[name]
    for principal, belongs_to in OF_NO_HOUSE:
        may = bool(audiences_of(method) & belongs_to) or is_public(method)
        assert await every.call(method, credential_of(principal)) == ("OK" if may else "AUDIENCE_REFUSED"), principal


@pytest.mark.parametrize("name", METHODS)
async def test_each_role_may_call_what_its_permissions_say_in_its_own_house(name: str, every: EveryCall) -> None:
    method = METHODS[name]
    for role in Role:
        told = await every.call(method, credential_of(staff(role.value)))
        if is_for_people(method) or access_of(method).permission in PERMISSIONS[role]:
            assert told == "OK", role
        else:
            assert told == ("PERMISSION_MISSING" if access_of(method).permission else "AUDIENCE_REFUSED"), role


@pytest.mark.parametrize("name", METHODS)
async def test_a_foreign_house_and_an_unknown_one_are_told_the_same(name: str, every: EveryCall) -> None:
    method = METHODS[name]
    owner_elsewhere = credential_of(staff("owner", house="hse_b"))
    told = {
        await every.call(method, owner_elsewhere, request_of(method, house=house)) for house in (HOUSE, "hse_x", "")
    }
    if is_for_people(method):
        assert told == {"OK"}
    else:
        assert told == {"HOUSE_NOT_FOUND" if access_of(method).permission else "AUDIENCE_REFUSED"}


@pytest.mark.parametrize("name", METHODS)
async def test_a_buyer_names_itself_where_a_holder_is_named(name: str, every: EveryCall) -> None:
    method = METHODS[name]
    if access_of(method).holder and "BUYER" in audiences_of(method):
        other = request_of(method, holder="hld_other")
        assert await every.call(method, credential_of(BUYER), other) == "HOLDER_FOREIGN"
        assert await every.call(method, credential_of(SERVICE), other) == "OK"


CHANNELLED = [name for name, method in METHODS.items() if "channel" in method.input_type.fields_by_name]


@pytest.mark.parametrize("name", [name for name in CHANNELLED if "BUYER" in audiences_of(METHODS[name])])
async def test_a_buyer_is_let_into_no_channel_of_the_houses_people(name: str, every: EveryCall) -> None:
    method = METHODS[name]
    request: Any = GetMessageClass(method.input_type).FromString(request_of(method))
    for channel, told in ((1, "CHANNEL_FOREIGN"), (2, "OK"), (3, "CHANNEL_FOREIGN")):
        request.channel = channel
        sent = request.SerializeToString()
        assert await every.call(method, credential_of(BUYER), sent) == told
        assert await every.call(method, credential_of(staff("box_office")), sent) == "OK"


def unsigned(principal: Principal) -> str:
    """alg: none."""
    now = CLOCK.now_ms() / 1000
    said = {"iss": "balcon.accounts", "sub": principal.subject, "knd": "STAFF", "iat": now, "exp": now + 60, "jti": "t"}
    said |= {"hss": {HOUSE: ["owner"]}}
    parts = [{"alg": "none", "typ": "balcon+jwt", "kid": name_of(ACCOUNTS)}, said]
    written = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return f"Bearer {'.'.join(written)}."


@pytest.mark.parametrize("name", METHODS)
async def test_no_token_but_a_good_one_lets_anybody_in(name: str, every: EveryCall) -> None:
    method, owner = METHODS[name], staff("owner")
    now = CLOCK.now_ms()
    by_a_stranger = encoded(Token(owner, now, now + 60_000, "tok_1"), STRANGER, name_of(ACCOUNTS))
    expired = credential_of(owner, at_ms=now - MAX_SECONDS * 1000)
    revoked = credential_of(owner, session="ses_revoked")
    every.revocations.learn([Revocation("ses_revoked", CLOCK.now_ms())], CLOCK.now_ms())
    for credential, reason in (
        (expired.replace("Bearer ", "Bearer x"), "TOKEN_INVALID"),
        (f"Bearer {by_a_stranger}", "TOKEN_INVALID"),
        (unsigned(owner), "TOKEN_INVALID"),
        (expired, "TOKEN_EXPIRED"),
        (revoked, "TOKEN_REVOKED"),
    ):
        assert await every.call(method, credential) == ("OK" if is_public(method) else reason)
