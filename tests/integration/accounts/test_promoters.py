"""A promoter belongs to the house that made it; what other houses grant its address makes it none of theirs (R3.2)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import grpc
import pytest
from balcon.accounts.v1 import accounts_service_pb2 as pb
from balcon.acts.v1.acts_events_pb2 import ActDone
from google.protobuf.field_mask_pb2 import FieldMask

from services.runtime.testing.refusals import refusal
from tests.integration.accounts.stage import Accounts

EMAIL = "paula@impresario.example"
PASSWORD = "a new and long one"


async def a_house(accounts: Accounts, label: str) -> str:
    return (await accounts.sign_up(label)).house.house_id


async def create(accounts: Accounts, house_id: str, key: str = "k", **asked: Any) -> pb.Promoter:
    fields: dict[str, Any] = {"idempotency_key": key, "house_id": house_id, "name": "Paula", "email": EMAIL}
    return (await accounts.stub.CreatePromoter(pb.CreatePromoterRequest(**(fields | asked)))).promoter


def update(house_id: str, promoter: pb.Promoter, **values: Any) -> pb.UpdatePromoterRequest:
    return pb.UpdatePromoterRequest(
        house_id=house_id,
        promoter=pb.Promoter(promoter_id=promoter.promoter_id, **values),
        update_mask=FieldMask(paths=sorted(values)),
        etag=promoter.etag,
    )


def reset(house_id: str, promoter: pb.Promoter) -> pb.ResetPromoterPasswordRequest:
    return pb.ResetPromoterPasswordRequest(house_id=house_id, promoter_id=promoter.promoter_id)


async def get(accounts: Accounts, house_id: str, promoter: pb.Promoter) -> pb.Promoter:
    request = pb.GetPromoterRequest(house_id=house_id, promoter_id=promoter.promoter_id)
    return (await accounts.stub.GetPromoter(request)).promoter


async def grant(accounts: Accounts, house_id: str, email: str = EMAIL) -> None:
    request = pb.GrantAccessRequest(idempotency_key=f"g{len(email)}", house_id=house_id, email=email, whole_house=True)
    await accounts.stub.GrantAccess(request)


async def granted(accounts: Accounts, promoter: pb.Promoter) -> pb.CheckGrantsResponse:
    return await accounts.stub.CheckGrants(pb.CheckGrantsRequest(subject=promoter.promoter_id))


async def open_link(accounts: Accounts, to: str = EMAIL) -> None:
    """As somebody does who reads mails at the address."""
    secret = await accounts.link(to, "wachtwoord")
    await accounts.stub.ResetPassword(pb.ResetPasswordRequest(link_secret=secret, new_password=PASSWORD))


async def test_r3_2_a_promoter_chooses_a_password_by_the_link_and_logs_in(accounts: Accounts) -> None:
    house = await a_house(accounts, "one")
    made = await create(accounts, house)
    assert (made.house_id, made.name, made.email, made.email_confirmed) == (house, "Paula", EMAIL, False)
    assert await create(accounts, house) == made
    await open_link(accounts)
    session = await accounts.log_in(EMAIL, PASSWORD)
    assert session.person.person_id == made.promoter_id
    claims = await accounts.claims(await accounts.token(session.session_secret))
    assert (claims["knd"], claims["sub"]) == ("PROMOTER", made.promoter_id)
    assert "hss" not in claims
    assert (await get(accounts, house, made)).email_confirmed


async def test_r3_2_only_the_house_that_made_it_sees_changes_or_resets_a_promoter(accounts: Accounts) -> None:
    own, other = await a_house(accounts, "own"), await a_house(accounts, "other")
    made = await create(accounts, own)
    await grant(accounts, other)
    calls: list[Awaitable[object]] = [
        get(accounts, other, made),
        accounts.stub.UpdatePromoter(update(other, made, email="mine@other.example")),
        accounts.stub.UpdatePromoter(update(other, made, name="Mine")),
        accounts.stub.ResetPromoterPassword(reset(other, made)),
    ]
    for call in calls:
        refused = await refusal(call)
        assert (refused.reason, refused.code) == ("PROMOTER_NOT_FOUND", grpc.StatusCode.NOT_FOUND)
    page = await accounts.stub.ListPromoters(pb.ListPromotersRequest(house_id=other))
    assert list(page.promoters) == []
    assert await get(accounts, own, made) == made
    named = (await accounts.stub.UpdatePromoter(update(own, made, name="Paula Impresario"))).promoter
    assert (named.name, named.email) == ("Paula Impresario", EMAIL)
    assert (await refusal(accounts.stub.UpdatePromoter(update(own, made, name="Late")))).reason == "ETAG_STALE"


async def test_r3_3_another_house_grants_a_promoter_without_owning_it(accounts: Accounts) -> None:
    own, other = await a_house(accounts, "own"), await a_house(accounts, "other")
    made = await create(accounts, own)
    await grant(accounts, own)
    await grant(accounts, other)
    # The house that made it has no password of it, and whoever never read its mails sees nothing.
    assert list((await granted(accounts, made)).houses) == []
    await open_link(accounts)
    assert {one.house_id for one in (await granted(accounts, made)).houses} == {own, other}
    # R3.8: the house that may be asked for more, whatever it grants.
    maker = (await granted(accounts, made)).made_by
    assert (maker.house_id, maker.house_label) == (own, "own")
    token = await accounts.token((await accounts.log_in(EMAIL, PASSWORD)).session_secret)
    assert (await accounts.claims(token))["gv"] == (await granted(accounts, made)).version


async def test_r3_2_with_a_new_address_sessions_end_and_what_was_granted_the_old_one_is_seen_no_more(
    accounts: Accounts,
) -> None:
    own, other = await a_house(accounts, "own"), await a_house(accounts, "other")
    made = await create(accounts, own)
    await grant(accounts, other)
    await open_link(accounts)
    session = await accounts.log_in(EMAIL, PASSWORD)
    before = await granted(accounts, made)
    known = await get(accounts, own, made)
    moved = (await accounts.stub.UpdatePromoter(update(own, known, email="new@impresario.example"))).promoter
    assert (moved.email, moved.email_confirmed) == ("new@impresario.example", False)
    issue = pb.IssueTokenRequest(session_secret=session.session_secret)
    assert (await refusal(accounts.stub.IssueToken(issue))).reason == "SESSION_OVER"
    assert (await refusal(accounts.log_in(EMAIL, PASSWORD))).reason == "LOG_IN_REFUSED"
    assert (await refusal(accounts.log_in("new@impresario.example", PASSWORD))).reason == "LOG_IN_REFUSED"
    # A house cannot see what others granted by writing its own address into a promoter of its making.
    await open_link(accounts, "new@impresario.example")
    after = await granted(accounts, made)
    assert list(after.houses) == []
    assert after.made_by.house_id == own
    assert after.version > before.version
    await grant(accounts, other, "new@impresario.example")
    assert [one.house_id for one in (await granted(accounts, made)).houses] == [other]


async def test_r3_2_a_reset_by_the_house_voids_the_password_and_sends_a_link(accounts: Accounts) -> None:
    own = await a_house(accounts, "own")
    made = await create(accounts, own)
    await open_link(accounts)
    session = await accounts.log_in(EMAIL, PASSWORD)
    await accounts.stub.ResetPromoterPassword(reset(own, made))
    issue = pb.IssueTokenRequest(session_secret=session.session_secret)
    assert (await refusal(accounts.stub.IssueToken(issue))).reason == "SESSION_OVER"
    assert (await refusal(accounts.log_in(EMAIL, PASSWORD))).reason == "LOG_IN_REFUSED"


async def test_an_address_that_is_known_is_nobody_elses_promoter(accounts: Accounts) -> None:
    own, other = await a_house(accounts, "own"), await a_house(accounts, "other")
    await create(accounts, own)
    for house, key in ((own, "k2"), (other, "k")):
        assert (await refusal(create(accounts, house, key))).reason == "EMAIL_TAKEN"
    assert (await refusal(create(accounts, other, email="owner@own.example"))).reason == "EMAIL_TAKEN"
    second = await create(accounts, own, "k3", email="second@impresario.example")
    taken = update(own, second, email=EMAIL)
    assert (await refusal(accounts.stub.UpdatePromoter(taken))).reason == "EMAIL_TAKEN"
    assert await get(accounts, own, second) == second


async def test_promoters_are_listed_page_by_page(accounts: Accounts) -> None:
    own = await a_house(accounts, "own")
    made = [await create(accounts, own, f"k{n}", email=f"p{n}@impresario.example") for n in range(5)]
    found: list[pb.Promoter] = []
    token = ""
    while True:
        request = pb.ListPromotersRequest(house_id=own, page_size=2, page_token=token)
        answer = await accounts.stub.ListPromoters(request)
        found += answer.promoters
        token = answer.next_page_token
        if not token:
            break
    assert sorted(one.promoter_id for one in found) == sorted(one.promoter_id for one in made)


async def test_promoters_are_acts_of_the_house_without_name_or_address(accounts: Accounts) -> None:
    own = await a_house(accounts, "own")
    made = await create(accounts, own)
    await accounts.stub.UpdatePromoter(update(own, made, name="Paula Impresario"))
    await accounts.stub.ResetPromoterPassword(reset(own, made))
    rows = await accounts.rows("SELECT payload FROM outbox WHERE topic = 'balcon.acts.v1' ORDER BY id")
    acts = [act for act in (ActDone.FromString(payload) for (payload,) in rows) if act.thing == "promoter"]
    assert [act.act for act in acts] == ["promoter.made", "promoter.changed", "promoter.password_reset"]
    assert {act.thing_id for act in acts} == {made.promoter_id}
    assert "paula" not in str(acts).lower()


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"name": "", "email": "paula"}, ["name", "email"]),
        ({"name": "x" * 201}, ["name"]),
    ],
)
async def test_a_promoter_out_of_bounds_names_all_that_is_wrong(
    accounts: Accounts, asked: dict[str, Any], fields: list[str]
) -> None:
    refused = await refusal(create(accounts, "hse_1", **asked))
    assert [violation.field for violation in refused.violations] == fields


async def test_a_house_that_is_not_there_makes_nobody(accounts: Accounts) -> None:
    assert (await refusal(create(accounts, "hse_nobody"))).reason == "HOUSE_NOT_FOUND"
    assert await accounts.rows("SELECT email FROM people") == []
