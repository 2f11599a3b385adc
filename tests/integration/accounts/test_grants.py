"""Grants: houses let an address see performances, the person who has it sees them merged, no house sees more (R3)."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from balcon.accounts.v1 import accounts_service_pb2 as pb
from balcon.acts.v1.acts_events_pb2 import ActDone

from services.runtime.testing.refusals import refusal
from tests.integration.accounts.stage import Accounts, sign_up_request

PROMOTER = "paula@impresario.example"


async def a_house(accounts: Accounts, label: str) -> str:
    return (await accounts.sign_up(label)).house.house_id


async def a_person(accounts: Accounts, email: str = PROMOTER, *, confirmed: bool = True) -> str:
    """Somebody with the address, who has a house of their own: anybody may sign up."""
    label = email.partition("@")[0]
    person = (await accounts.stub.SignUp(sign_up_request(label, email=email))).person
    if confirmed:
        await confirm(accounts, person.person_id)
    return person.person_id


async def confirm(accounts: Accounts, person_id: str) -> None:
    await accounts.damage(f"UPDATE people SET email_confirmed = true WHERE person_id = '{person_id}'")


async def grant(accounts: Accounts, house_id: str, key: str = "k", **asked: Any) -> list[pb.Grant]:
    request = pb.GrantAccessRequest(
        **({"idempotency_key": key, "house_id": house_id, "email": PROMOTER} | (asked or {"whole_house": True}))
    )
    return list((await accounts.stub.GrantAccess(request)).grants)


async def granted(accounts: Accounts, person_id: str) -> pb.CheckGrantsResponse:
    return await accounts.stub.CheckGrants(pb.CheckGrantsRequest(subject=person_id))


async def withdraw(accounts: Accounts, grant: pb.Grant) -> pb.Grant:
    request = pb.WithdrawGrantRequest(house_id=grant.house_id, grant_id=grant.grant_id)
    return (await accounts.stub.WithdrawGrant(request)).grant


async def listed(accounts: Accounts, house_id: str, **asked: Any) -> list[str]:
    """The ids of the house's grants, page by page."""
    found: list[str] = []
    token = ""
    while True:
        request = pb.ListGrantsRequest(**({"house_id": house_id, "page_token": token} | asked))
        answer = await accounts.stub.ListGrants(request)
        found += [one.grant_id for one in answer.grants]
        token = answer.next_page_token
        if not token:
            return found


async def test_r3_3_houses_grant_the_same_address_and_the_person_sees_what_all_of_them_grant(
    accounts: Accounts,
) -> None:
    one, two, silent = [await a_house(accounts, label) for label in ("one", "two", "silent")]
    person = await a_person(accounts)
    await grant(accounts, one, whole_house=True)
    await grant(accounts, two, production_ids=["prd_1"], performance_ids=["prf_7", "prf_8"])
    found = await granted(accounts, person)
    assert {house.house_id for house in found.houses} == {one, two}
    by_id = {house.house_id: house for house in found.houses}
    assert by_id[one].whole_house
    assert (by_id[one].house_label, by_id[one].house_name) == ("one", "A house")
    assert not by_id[two].whole_house
    assert list(by_id[two].production_ids) == ["prd_1"]
    assert sorted(by_id[two].performance_ids) == ["prf_7", "prf_8"]
    assert await listed(accounts, silent) == []


async def test_r3_3_an_address_is_the_same_however_it_is_written(accounts: Accounts) -> None:
    house, person = await a_house(accounts, "one"), await a_person(accounts)
    [made] = await grant(accounts, house, email="Paula@Impresario.example", whole_house=True)
    assert [one.house_id for one in (await granted(accounts, person)).houses] == [house]
    assert await grant(accounts, house, "again", whole_house=True) == [made]
    assert await listed(accounts, house, email=PROMOTER) == [made.grant_id]


async def test_r3_3_a_grant_to_an_unknown_address_waits_for_whoever_signs_up_with_it(accounts: Accounts) -> None:
    house = await a_house(accounts, "one")
    await grant(accounts, house, performance_ids=["prf_1"])
    person = await a_person(accounts, confirmed=False)
    # Anybody can write an address into a form: only who reads its mails is whom the house means.
    assert await granted(accounts, person) == pb.CheckGrantsResponse()
    await confirm(accounts, person)
    [found] = (await granted(accounts, person)).houses
    assert list(found.performance_ids) == ["prf_1"]


async def test_r3_4_who_is_granted_nothing_and_who_is_not_known_sees_nothing(accounts: Accounts) -> None:
    house, other = await a_house(accounts, "one"), await a_person(accounts, "other@else.example")
    await grant(accounts, house)
    assert await granted(accounts, other) == pb.CheckGrantsResponse()
    assert await granted(accounts, "psn_nobody") == pb.CheckGrantsResponse()


async def test_a_withdrawn_grant_grants_nothing_from_that_moment_on(accounts: Accounts) -> None:
    house, person = await a_house(accounts, "one"), await a_person(accounts)
    first, second = await grant(accounts, house, performance_ids=["prf_1", "prf_2"])
    gone = await withdraw(accounts, first)
    assert gone.HasField("withdrawn_at")
    [found] = (await granted(accounts, person)).houses
    assert list(found.performance_ids) == ["prf_2"]
    # Again is fine, and does not move the time.
    assert await withdraw(accounts, first) == gone
    await withdraw(accounts, second)
    assert list((await granted(accounts, person)).houses) == []
    assert await listed(accounts, house) == []
    both = await listed(accounts, house, include_withdrawn=True)
    assert sorted(both) == sorted((first.grant_id, second.grant_id))
    # What was withdrawn can be granted anew.
    [anew] = await grant(accounts, house, "anew", performance_ids=["prf_1"])
    assert anew.grant_id != first.grant_id
    [found] = (await granted(accounts, person)).houses
    assert list(found.performance_ids) == ["prf_1"]


async def test_each_change_raises_the_version_of_the_address_it_is_about_and_of_no_other(accounts: Accounts) -> None:
    one, two = await a_house(accounts, "one"), await a_house(accounts, "two")
    person, other = await a_person(accounts), await a_person(accounts, "other@else.example")
    versions = [(await granted(accounts, person)).version]
    [made] = await grant(accounts, one)
    versions.append((await granted(accounts, person)).version)
    await grant(accounts, two, production_ids=["prd_1"])
    versions.append((await granted(accounts, person)).version)
    await withdraw(accounts, made)
    versions.append((await granted(accounts, person)).version)
    assert versions == sorted(set(versions))
    assert versions[0] == 0
    assert (await granted(accounts, other)).version == 0


async def test_r3_1_a_house_neither_sees_nor_withdraws_what_another_one_grants(accounts: Accounts) -> None:
    one, two = await a_house(accounts, "one"), await a_house(accounts, "two")
    person = await a_person(accounts)
    [made] = await grant(accounts, one)
    assert await listed(accounts, two, include_withdrawn=True) == []
    request = pb.WithdrawGrantRequest(house_id=two, grant_id=made.grant_id)
    refused = await refusal(accounts.stub.WithdrawGrant(request))
    assert (refused.reason, refused.code) == ("GRANT_NOT_FOUND", grpc.StatusCode.NOT_FOUND)
    unknown = pb.WithdrawGrantRequest(house_id=two, grant_id="grt_nobody")
    assert (await refusal(accounts.stub.WithdrawGrant(unknown))).reason == refused.reason
    assert [one.house_id for one in (await granted(accounts, person)).houses] == [one]


async def test_r3_3_a_house_learns_of_an_address_nothing_but_that_it_has_granted_it(accounts: Accounts) -> None:
    house = await a_house(accounts, "one")
    unknown = await grant(accounts, house, email="nobody@else.example", whole_house=True)
    await a_person(accounts)
    known = await grant(accounts, house, "k2", whole_house=True, email=PROMOTER)

    def said(grants: list[pb.Grant]) -> set[str]:
        return {field.name for one in grants for field, _ in one.ListFields()}

    assert said(known) == said(unknown) == {"house_id", "grant_id", "email", "scope", "granted_at"}


async def test_grants_are_acts_of_the_house_without_the_address(accounts: Accounts) -> None:
    house = await a_house(accounts, "one")
    [made] = await grant(accounts, house, performance_ids=["prf_1"])
    await grant(accounts, house, "again", performance_ids=["prf_1"])
    await withdraw(accounts, made)
    await withdraw(accounts, made)
    rows = await accounts.rows("SELECT payload FROM outbox WHERE topic = 'balcon.acts.v1' ORDER BY id")
    acts = [ActDone.FromString(payload) for (payload,) in rows]
    about_grants = [act for act in acts if act.thing == "grant"]
    assert [(act.act, act.thing_id) for act in about_grants] == [
        ("grant.made", made.grant_id),
        ("grant.withdrawn", made.grant_id),
    ]
    assert dict(about_grants[0].facts) == {"scope": "performance", "granted_thing": "prf_1"}
    assert "paula" not in str(acts).lower()


async def test_the_same_thing_granted_by_many_calls_at_once_is_granted_once(accounts: Accounts) -> None:
    house, person = await a_house(accounts, "one"), await a_person(accounts)
    answers = await asyncio.gather(
        *(grant(accounts, house, f"k{number}", performance_ids=["prf_1", "prf_1"]) for number in range(6))
    )
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0]) == 1
    [found] = (await granted(accounts, person)).houses
    assert list(found.performance_ids) == ["prf_1"]


async def test_a_house_that_is_not_there_grants_nothing(accounts: Accounts) -> None:
    assert (await refusal(grant(accounts, "hse_nobody"))).reason == "HOUSE_NOT_FOUND"


async def test_a_house_grants_an_address_a_bounded_number_of_things(accounts: Accounts) -> None:
    house = await a_house(accounts, "one")
    for round_ in range(10):
        ids = [f"prf_{round_}_{number}" for number in range(100)]
        await grant(accounts, house, f"k{round_}", performance_ids=ids)
    refused = await refusal(grant(accounts, house, "more", performance_ids=["prf_more"]))
    assert (refused.reason, refused.facts) == ("TOO_MANY_GRANTS", {"limit": "1000"})
    # What is granted already is no more than there was; and one address's fill is not another's.
    await grant(accounts, house, "same", performance_ids=["prf_0_0"])
    await grant(accounts, house, "other", email="other@else.example", performance_ids=["prf_more"])
    pages = await listed(accounts, house, page_size=70)
    assert len(pages) == len(set(pages)) == 1_001


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"email": "paula"}, ["email", "whole_house"]),
        ({"whole_house": False}, ["whole_house"]),
        ({"production_ids": ["?"], "performance_ids": ["prf_1", ""]}, ["production_ids[0]", "performance_ids[1]"]),
        ({"performance_ids": ["prf_1"] * 101}, ["performance_ids"]),
    ],
)
async def test_a_grant_out_of_bounds_names_all_that_is_wrong(
    accounts: Accounts, asked: dict[str, Any], fields: list[str]
) -> None:
    refused = await refusal(grant(accounts, "hse_1", **asked))
    assert [violation.field for violation in refused.violations] == fields


async def test_r3_4_a_promoter_is_told_what_is_granted_and_whoever_has_not_logged_in_is_refused(
    accounts: Accounts,
) -> None:
    refused = await refusal(accounts.stub.ListMyGrants(pb.ListMyGrantsRequest()))
    assert refused.reason == "PERSON_UNKNOWN"
