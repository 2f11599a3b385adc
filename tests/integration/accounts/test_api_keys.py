"""Resellers' keys: the secret is shown once, two are good at a time, a withdrawn one is good for nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from balcon.accounts.v1 import accounts_service_pb2 as pb
from balcon.acts.v1.acts_events_pb2 import ActDone

from services.accounts.domain.api_key import key_parts
from services.runtime.testing.refusals import refusal
from tests.integration.accounts.stage import Accounts


async def a_house(accounts: Accounts, label: str = "genova") -> str:
    return (await accounts.sign_up(label)).house.house_id


async def create(accounts: Accounts, house_id: str, key: str = "k", **asked: Any) -> pb.CreateApiKeyResponse:
    fields: dict[str, Any] = {"idempotency_key": key, "house_id": house_id, "reseller_name": "Tix shop"}
    return await accounts.stub.CreateApiKey(pb.CreateApiKeyRequest(**(fields | asked)))


async def rotate(accounts: Accounts, old: pb.ApiKey, key: str = "r") -> pb.RotateApiKeyResponse:
    request = pb.RotateApiKeyRequest(idempotency_key=key, house_id=old.house_id, key_id=old.key_id)
    return await accounts.stub.RotateApiKey(request)


async def withdraw(accounts: Accounts, key: pb.ApiKey) -> pb.ApiKey:
    request = pb.WithdrawApiKeyRequest(house_id=key.house_id, key_id=key.key_id)
    return (await accounts.stub.WithdrawApiKey(request)).key


async def exchange(accounts: Accounts, secret: str) -> str:
    return (await accounts.stub.ExchangeKey(pb.ExchangeKeyRequest(api_key=secret))).token


async def listed(accounts: Accounts, house_id: str, **asked: Any) -> list[pb.ApiKey]:
    answer = await accounts.stub.ListApiKeys(pb.ListApiKeysRequest(house_id=house_id, **asked))
    return list(answer.keys)


async def test_a_key_is_good_for_a_token_of_the_reseller_in_its_house(accounts: Accounts) -> None:
    house = await a_house(accounts)
    made = await create(accounts, house)
    assert made.secret.startswith(f"{made.key.starts_with}_")
    claims = await accounts.claims(await exchange(accounts, made.secret))
    assert (claims["knd"], claims["sub"], claims["hss"]) == ("RESELLER", made.key.reseller_id, {house: []})
    assert claims["sid"] == made.key.key_id
    assert 0 < claims["exp"] - claims["iat"] <= 600


async def test_the_secret_is_told_once_and_kept_nowhere(accounts: Accounts) -> None:
    house = await a_house(accounts)
    made = await create(accounts, house)
    again = await create(accounts, house)
    assert (again.key, again.secret) == (made.key, "")
    parts = key_parts(made.secret)
    assert parts is not None
    for table in ("api_keys", "idempotency_keys", "outbox"):
        rows = await accounts.rows(f"SELECT * FROM {table}")
        assert rows
        assert parts[1] not in str(rows)
    assert (await listed(accounts, house)) == [made.key]
    # With other content the key of the request is another one's.
    refused = await refusal(create(accounts, house, reseller_name="Another"))
    assert refused.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_two_keys_of_a_reseller_are_good_at_a_time(accounts: Accounts) -> None:
    house = await a_house(accounts)
    scope = pb.KeyScope(performance_ids=["prf_1"], seats_per_order=4)
    first = await create(accounts, house, scope=scope)
    second = await rotate(accounts, first.key)
    assert second.key.reseller_id == first.key.reseller_id
    assert second.key.scope == first.key.scope
    subjects = {(await accounts.claims(await exchange(accounts, one.secret)))["sub"] for one in (first, second)}
    assert subjects == {first.key.reseller_id}
    assert (await refusal(rotate(accounts, second.key, "r2"))).reason == "TWO_KEYS_LIVE"
    await withdraw(accounts, first.key)
    third = await rotate(accounts, second.key, "r3")
    assert {key.key_id for key in await listed(accounts, house)} == {second.key.key_id, third.key.key_id}


async def test_rotations_at_the_same_moment_leave_two_keys(accounts: Accounts) -> None:
    house = await a_house(accounts)
    first = await create(accounts, house)
    calls = [rotate(accounts, first.key, f"r{number}") for number in range(5)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(not isinstance(answer, Exception) for answer in answers) == 1
    assert len(await listed(accounts, house)) == 2


async def test_a_withdrawn_key_is_good_for_nothing_and_its_tokens_are_void(accounts: Accounts) -> None:
    house = await a_house(accounts)
    first = await create(accounts, house)
    other = await rotate(accounts, first.key)
    gone = await withdraw(accounts, first.key)
    assert gone.HasField("withdrawn_at")
    assert (await withdraw(accounts, first.key)).withdrawn_at == gone.withdrawn_at
    refused = await refusal(exchange(accounts, first.secret))
    assert (refused.reason, refused.code) == ("KEY_REFUSED", grpc.StatusCode.PERMISSION_DENIED)
    void = (await accounts.stub.ListRevocations(pb.ListRevocationsRequest())).revocations
    assert first.key.key_id in {one.name for one in void}
    assert not {other.key.key_id, first.key.reseller_id} & {one.name for one in void}
    await exchange(accounts, other.secret)
    assert (await refusal(rotate(accounts, first.key, "late"))).reason == "KEY_NOT_FOUND"
    assert {key.key_id for key in await listed(accounts, house, include_withdrawn=True)} == {
        first.key.key_id,
        other.key.key_id,
    }


async def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(accounts: Accounts) -> None:
    house = await a_house(accounts)
    made = await create(accounts, house)
    gone = await rotate(accounts, made.key)
    await withdraw(accounts, gone.key)
    wrong_secret = made.secret[:-1] + ("a" if made.secret[-1] != "a" else "b")
    unknown = f"bk_{'0' * 26}_{'a' * 32}"
    told = [await refusal(exchange(accounts, key)) for key in (wrong_secret, unknown, gone.secret)]
    assert {(one.reason, one.message) for one in told} == {("KEY_REFUSED", told[0].message)}


async def test_wrong_keys_are_slowed_down_and_a_right_one_gets_in_all_the_same(accounts: Accounts) -> None:
    house = await a_house(accounts)
    made = await create(accounts, house)
    wrong = made.secret[:-1] + ("a" if made.secret[-1] != "a" else "b")
    reasons = [(await refusal(exchange(accounts, wrong))).reason for _ in range(1_000)]
    assert reasons[0] == "KEY_REFUSED"
    assert reasons[-1] == "TOO_MANY_ATTEMPTS"
    # Whoever guesses at a key does not keep its reseller out.
    assert await exchange(accounts, made.secret)


async def test_when_a_key_was_used_is_kept_to_the_minute(accounts: Accounts) -> None:
    house = await a_house(accounts)
    made = await create(accounts, house)
    assert not made.key.HasField("last_used_at")
    await exchange(accounts, made.secret)
    [first] = await listed(accounts, house)
    assert first.HasField("last_used_at")
    await exchange(accounts, made.secret)
    assert (await listed(accounts, house)) == [first]
    await accounts.damage("UPDATE api_keys SET last_used_at_ms = last_used_at_ms - 60000")
    await exchange(accounts, made.secret)
    [later] = await listed(accounts, house)
    assert later.last_used_at.ToMilliseconds() >= first.last_used_at.ToMilliseconds()


async def test_services_are_told_what_a_reseller_may_with_every_limit_as_it_counts(accounts: Accounts) -> None:
    house, other = await a_house(accounts), await a_house(accounts, "other")
    made = await create(accounts, house, scope=pb.KeyScope(allotment_ids=["alt_1"], seats_held=7))
    request = pb.GetResellerScopeRequest(house_id=house, reseller_id=made.key.reseller_id)
    scope = (await accounts.stub.GetResellerScope(request)).scope
    assert scope == made.key.scope
    assert (scope.calls_per_minute, scope.seats_held, scope.seats_per_order) == (600, 7, 10)
    assert (list(scope.allotment_ids), list(scope.performance_ids)) == (["alt_1"], [])
    request.house_id = other
    assert (await refusal(accounts.stub.GetResellerScope(request))).reason == "RESELLER_NOT_FOUND"
    await withdraw(accounts, made.key)
    request.house_id = house
    assert (await refusal(accounts.stub.GetResellerScope(request))).reason == "RESELLER_NOT_FOUND"


async def test_r3_1_another_houses_keys_are_not_found(accounts: Accounts) -> None:
    house, other = await a_house(accounts), await a_house(accounts, "other")
    made = await create(accounts, house)
    foreign = pb.ApiKey(house_id=other, key_id=made.key.key_id)
    assert await listed(accounts, other, include_withdrawn=True) == []
    for call in (withdraw(accounts, foreign), rotate(accounts, foreign)):
        refused = await refusal(call)
        assert (refused.reason, refused.code) == ("KEY_NOT_FOUND", grpc.StatusCode.NOT_FOUND)
    assert await exchange(accounts, made.secret)


async def test_keys_are_acts_of_the_house_without_a_secret(accounts: Accounts) -> None:
    house = await a_house(accounts)
    made = await create(accounts, house)
    await withdraw(accounts, made.key)
    await withdraw(accounts, made.key)
    rows = await accounts.rows("SELECT payload FROM outbox WHERE topic = 'balcon.acts.v1' ORDER BY id")
    acts = [act for act in (ActDone.FromString(payload) for (payload,) in rows) if act.thing == "key"]
    assert [(act.act, act.thing_id, dict(act.facts)) for act in acts] == [
        ("key.made", made.key.key_id, {"reseller": made.key.reseller_id}),
        ("key.withdrawn", made.key.key_id, {"reseller": made.key.reseller_id}),
    ]


async def test_a_house_that_is_not_there_has_no_keys(accounts: Accounts) -> None:
    assert (await refusal(create(accounts, "hse_nobody"))).reason == "HOUSE_NOT_FOUND"
    assert await listed(accounts, "hse_nobody") == []


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"reseller_name": ""}, ["reseller_name"]),
        (
            {"reseller_name": "x" * 201, "scope": pb.KeyScope(seats_per_order=101)},
            ["reseller_name", "scope.seats_per_order"],
        ),
        ({"scope": pb.KeyScope(performance_ids=["?"])}, ["scope.performance_ids[0]"]),
    ],
)
async def test_a_key_out_of_bounds_names_all_that_is_wrong(
    accounts: Accounts, asked: dict[str, Any], fields: list[str]
) -> None:
    refused = await refusal(create(accounts, "hse_1", **asked))
    assert [violation.field for violation in refused.violations] == fields
