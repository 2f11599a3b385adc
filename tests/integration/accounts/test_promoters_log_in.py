"""R3 with access switched on: one log-in, what all houses grant in one answer, and nothing of any house besides."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from balcon.accounts.v1 import accounts_service_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.runtime.testing import eventually
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.accounts.stage import Accounts, Caller, running_accounts

EMAIL = "paula@impresario.example"
PASSWORD = "a new and long one"


@pytest.fixture
async def guarded(database_url: DatabaseUrl) -> AsyncIterator[Accounts]:
    async with running_accounts(database_url("accounts"), guarded=True) as running:
        yield running


async def a_house(accounts: Accounts, label: str) -> tuple[str, Caller]:
    """A house and its owner, who has logged in."""
    house = (await accounts.sign_up(label)).house
    return house.house_id, await accounts.signed_in(f"owner@{label}.example")


async def grant(accounts: Accounts, house_id: str, owner: Caller) -> pb.Grant:
    request = pb.GrantAccessRequest(idempotency_key="g", house_id=house_id, email=EMAIL, whole_house=True)
    return (await accounts.stub.GrantAccess(request, metadata=owner.metadata)).grants[0]


async def a_promoter(accounts: Accounts, house_id: str, owner: Caller) -> Caller:
    """Made by the house, with a password that only the promoter knows."""
    create = pb.CreatePromoterRequest(idempotency_key="p", house_id=house_id, name="Paula", email=EMAIL)
    await accounts.stub.CreatePromoter(create, metadata=owner.metadata)
    secret = await accounts.link(EMAIL, "wachtwoord")
    await accounts.stub.ResetPassword(pb.ResetPasswordRequest(link_secret=secret, new_password=PASSWORD))
    return await accounts.signed_in(EMAIL, PASSWORD)


async def test_r3_4_one_log_in_shows_what_several_houses_grant(guarded: Accounts) -> None:
    (own, its_owner), (other, others_owner) = await a_house(guarded, "own"), await a_house(guarded, "other")
    paula = await a_promoter(guarded, own, its_owner)
    mine = pb.ListMyGrantsRequest()
    assert list((await guarded.stub.ListMyGrants(mine, metadata=paula.metadata)).houses) == []
    first = await grant(guarded, own, its_owner)
    await grant(guarded, other, others_owner)
    # With the token of before: what is granted is looked at when it is read.
    seen = await guarded.stub.ListMyGrants(mine, metadata=paula.metadata)
    assert {one.house_id for one in seen.houses} == {own, other}
    withdraw = pb.WithdrawGrantRequest(house_id=own, grant_id=first.grant_id)
    await guarded.stub.WithdrawGrant(withdraw, metadata=its_owner.metadata)
    seen = await guarded.stub.ListMyGrants(mine, metadata=paula.metadata)
    assert [one.house_id for one in seen.houses] == [other]


async def test_r3_1_a_promoter_is_let_into_nothing_of_a_house_by_being_granted_it(guarded: Accounts) -> None:
    house, owner = await a_house(guarded, "own")
    paula = await a_promoter(guarded, house, owner)
    await grant(guarded, house, owner)
    for call in (
        guarded.stub.ListGrants(pb.ListGrantsRequest(house_id=house), metadata=paula.metadata),
        guarded.stub.ListActs(pb.ListActsRequest(house_id=house), metadata=paula.metadata),
        guarded.stub.ListPromoters(pb.ListPromotersRequest(house_id=house), metadata=paula.metadata),
        guarded.stub.CheckGrants(pb.CheckGrantsRequest(subject=paula.person_id), metadata=paula.metadata),
    ):
        assert (await refusal(call)).reason == "AUDIENCE_REFUSED"


async def test_who_works_in_a_house_is_no_longer_taken_over_by_the_house_that_made_the_promoter(
    guarded: Accounts,
) -> None:
    house, owner = await a_house(guarded, "own")
    paula = await a_promoter(guarded, house, owner)
    theirs = pb.CreateHouseRequest(
        idempotency_key="k", label="paulas", name="Paulas", time_zone="Europe/Oslo", currency="NOK", languages=["nb"]
    )
    await guarded.stub.CreateHouse(theirs, metadata=paula.metadata)
    known = pb.GetPromoterRequest(house_id=house, promoter_id=paula.person_id)
    promoter = (await guarded.stub.GetPromoter(known, metadata=owner.metadata)).promoter
    for change in (pb.Promoter(email="mine@own.example"), pb.Promoter(name="Nobody")):
        paths = [field.name for field, _ in change.ListFields()]
        change.promoter_id = paula.person_id
        moved = pb.UpdatePromoterRequest(
            house_id=house,
            promoter=change,
            update_mask=FieldMask(paths=paths),
            etag=promoter.etag,
        )
        assert (
            await refusal(guarded.stub.UpdatePromoter(moved, metadata=owner.metadata))
        ).reason == "PROMOTER_IS_MEMBER"
    reset = pb.ResetPromoterPasswordRequest(house_id=house, promoter_id=paula.person_id)
    assert (
        await refusal(guarded.stub.ResetPromoterPassword(reset, metadata=owner.metadata))
    ).reason == "PROMOTER_IS_MEMBER"
    assert (await guarded.signed_in(EMAIL, PASSWORD)).person_id == paula.person_id
    assert (await guarded.stub.GetPromoter(known, metadata=owner.metadata)).promoter == promoter


async def test_the_log_names_the_person_who_did_it_to_the_house_and_to_no_other(guarded: Accounts) -> None:
    (house, owner), (_, stranger) = await a_house(guarded, "own"), await a_house(guarded, "other")
    await grant(guarded, house, owner)
    request = pb.ListActsRequest(house_id=house, act_prefix="grant.")

    async def is_there() -> None:
        acts = (await guarded.stub.ListActs(request, metadata=owner.metadata)).acts
        assert [(act.act, act.who.subject, act.who_name) for act in acts] == [
            ("grant.made", owner.person_id, "Ada Owner")
        ]

    await eventually(is_there)
    assert (await refusal(guarded.stub.ListActs(request, metadata=stranger.metadata))).reason == "HOUSE_NOT_FOUND"


async def test_a_resellers_token_opens_nothing_of_accounts_and_a_withdrawn_key_gets_none(guarded: Accounts) -> None:
    house, owner = await a_house(guarded, "own")
    create = pb.CreateApiKeyRequest(idempotency_key="k", house_id=house, reseller_name="Tix shop")
    made = await guarded.stub.CreateApiKey(create, metadata=owner.metadata)
    # Whoever has the key needs nothing else.
    token = (await guarded.stub.ExchangeKey(pb.ExchangeKeyRequest(api_key=made.secret))).token
    metadata = (("authorization", f"Bearer {token}"),)
    listed = guarded.stub.ListApiKeys(pb.ListApiKeysRequest(house_id=house), metadata=metadata)
    assert (await refusal(listed)).reason == "AUDIENCE_REFUSED"
    withdraw = pb.WithdrawApiKeyRequest(house_id=house, key_id=made.key.key_id)
    await guarded.stub.WithdrawApiKey(withdraw, metadata=owner.metadata)
    refused = await refusal(guarded.stub.ExchangeKey(pb.ExchangeKeyRequest(api_key=made.secret)))
    assert refused.reason == "KEY_REFUSED"
