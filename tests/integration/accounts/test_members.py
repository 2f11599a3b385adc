"""Who works in a house: invited to an address, with roles, and never without an owner."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from balcon.accounts.v1 import accounts_service_pb2 as pb
from balcon.acts.v1.acts_events_pb2 import ActDone
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import text

from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.accounts.stage import NOBODY, PASSWORD, Accounts, Caller

OWNER, BOX_OFFICE = "owner@genova.example", "bo@genova.example"


class House:
    """A house with its owner, who asks."""

    def __init__(self, accounts: Accounts, house_id: str, owner: Caller) -> None:
        self.accounts = accounts
        self.house_id = house_id
        self.owner = owner

    async def invite(self, email: str, *roles: str, key: str = "invite", by: Caller | None = None) -> pb.Invitation:
        request = pb.InviteMemberRequest(
            idempotency_key=key, house_id=self.house_id, email=email, roles=roles or ("box_office",)
        )
        caller = by or self.owner
        return (await self.accounts.stub.InviteMember(request, metadata=caller.metadata)).invitation

    async def join(self, email: str, *roles: str) -> Caller:
        """Somebody new, who accepts an invitation and logs in."""
        await self.invite(email, *roles, key=f"invite-{email.partition(chr(64))[0]}")
        request = accepting(await self.accounts.link(email))
        await self.accounts.stub.AcceptInvitation(request, metadata=NOBODY)
        return await self.accounts.signed_in(email)

    async def members(self, by: Caller | None = None) -> dict[str, pb.Member]:
        request = pb.ListMembersRequest(house_id=self.house_id)
        told = await self.accounts.stub.ListMembers(request, metadata=(by or self.owner).metadata)
        return {member.email: member for member in told.members}

    async def update(self, member: pb.Member, *roles: str, by: Caller | None = None) -> pb.Member:
        request = pb.UpdateMemberRequest(
            house_id=self.house_id,
            person_id=member.person_id,
            member=pb.MemberChange(roles=roles),
            update_mask=FieldMask(paths=["roles"]),
            etag=member.etag,
        )
        caller = by or self.owner
        return (await self.accounts.stub.UpdateMember(request, metadata=caller.metadata)).member

    async def remove(self, member: pb.Member, by: Caller | None = None) -> None:
        request = pb.RemoveMemberRequest(house_id=self.house_id, person_id=member.person_id, etag=member.etag)
        await self.accounts.stub.RemoveMember(request, metadata=(by or self.owner).metadata)


def accepting(secret: str, *, new: bool = True) -> pb.AcceptInvitationRequest:
    request = pb.AcceptInvitationRequest(invitation_secret=secret)
    if new:
        request.new_person.CopyFrom(pb.NewPerson(name="Bo Office", password=PASSWORD))
    return request


@pytest.fixture
async def house(guarded: Accounts) -> House:
    made = await guarded.sign_up("genova")
    return House(guarded, made.house.house_id, await guarded.signed_in(OWNER))


async def test_an_invitation_goes_by_mail_and_lets_somebody_new_in(house: House) -> None:
    invitation = await house.invite(BOX_OFFICE, "box_office", "door")
    letter = await house.accounts.letter(BOX_OFFICE)
    assert "A house" in str(letter["Subject"])
    secret = await house.accounts.link(BOX_OFFICE)
    opened = await house.accounts.stub.GetInvitation(pb.GetInvitationRequest(invitation_secret=secret))
    assert (opened.house_name, opened.is_known, opened.invitation) == ("A house", False, invitation)
    accepted = await house.accounts.stub.AcceptInvitation(accepting(secret), metadata=NOBODY)
    assert (accepted.person.email, accepted.person.email_confirmed, accepted.person.language) == (
        BOX_OFFICE,
        True,
        "nl",
    )
    assert list(accepted.member.roles) == ["box_office", "door"]
    session = await house.accounts.log_in(BOX_OFFICE)
    claims = await house.accounts.claims(await house.accounts.token(session.session_secret))
    assert claims["hss"] == {house.house_id: ["box_office", "door"]}
    assert list(await house.members()) == [OWNER, BOX_OFFICE]


async def test_an_invitation_used_twice_is_refused(house: House) -> None:
    await house.invite(BOX_OFFICE)
    secret = await house.accounts.link(BOX_OFFICE)
    stub = house.accounts.stub
    answers = await asyncio.gather(
        *(stub.AcceptInvitation(accepting(secret), metadata=NOBODY) for _ in range(3)), return_exceptions=True
    )
    assert len([answer for answer in answers if isinstance(answer, pb.AcceptInvitationResponse)]) == 1
    again = await refusal(stub.AcceptInvitation(accepting(secret), metadata=NOBODY))
    assert (again.reason, again.code) == ("INVITATION_USED", grpc.StatusCode.FAILED_PRECONDITION)
    assert (await refusal(stub.GetInvitation(pb.GetInvitationRequest(invitation_secret=secret)))).reason == again.reason


async def test_an_invitation_by_another_address_is_refused_and_stays_good(house: House) -> None:
    await house.accounts.sign_up("milano")
    milano = await house.accounts.signed_in("owner@milano.example")
    await house.invite(BOX_OFFICE)
    secret = await house.accounts.link(BOX_OFFICE)
    stub = house.accounts.stub
    refused = await refusal(stub.AcceptInvitation(accepting(secret, new=False), metadata=milano.metadata))
    assert (refused.reason, refused.code) == ("INVITATION_FOR_ANOTHER", grpc.StatusCode.PERMISSION_DENIED)
    await stub.AcceptInvitation(accepting(secret), metadata=NOBODY)


async def test_r3_4_who_is_known_joins_a_second_house_with_the_same_login(house: House) -> None:
    milano = (await house.accounts.sign_up("milano")).house.house_id
    known = await house.accounts.signed_in("owner@milano.example")
    await house.invite("Owner@Milano.example", "finance")
    secret = await house.accounts.link("Owner@milano.example")
    stub = house.accounts.stub
    opened = await stub.GetInvitation(pb.GetInvitationRequest(invitation_secret=secret))
    assert opened.is_known
    # Not by giving a new password for somebody else's address.
    assert (await refusal(stub.AcceptInvitation(accepting(secret), metadata=NOBODY))).reason == "EMAIL_TAKEN"
    await stub.AcceptInvitation(accepting(secret, new=False), metadata=known.metadata)
    own = await stub.ListHouses(pb.ListHousesRequest(), metadata=known.metadata)
    assert {one.house.house_id: list(one.roles) for one in own.houses} == {
        milano: ["owner"],
        house.house_id: ["finance"],
    }
    claims = await house.accounts.claims(await house.accounts.token(known.session_secret))
    assert claims["hss"] == {milano: ["owner"], house.house_id: ["finance"]}


async def test_an_invitation_that_was_withdrawn_or_is_late_is_refused(house: House, clock: ShiftedClock) -> None:
    stub = house.accounts.stub
    withdrawn = await house.invite(BOX_OFFICE)
    request = pb.WithdrawInvitationRequest(house_id=house.house_id, invitation_id=withdrawn.invitation_id)
    for _ in range(2):
        await stub.WithdrawInvitation(request, metadata=house.owner.metadata)
    accept = accepting(await house.accounts.link(BOX_OFFICE))
    assert (await refusal(stub.AcceptInvitation(accept, metadata=NOBODY))).reason == "INVITATION_WITHDRAWN"
    listed = await stub.ListInvitations(
        pb.ListInvitationsRequest(house_id=house.house_id), metadata=house.owner.metadata
    )
    assert list(listed.invitations) == []
    await house.invite("late@genova.example", key="late")
    secret = await house.accounts.link("late@genova.example")
    clock.forward(seconds=7 * 24 * 3_600)
    assert (await refusal(stub.AcceptInvitation(accepting(secret), metadata=NOBODY))).reason == "INVITATION_EXPIRED"
    unknown = accepting("bl_nothing")
    assert (await refusal(stub.AcceptInvitation(unknown, metadata=NOBODY))).reason == "INVITATION_NOT_FOUND"
    assert await house.accounts.rows("SELECT count(*) FROM people") == [(1,)]


async def test_of_an_invitations_secret_only_a_hash_is_kept(house: House) -> None:
    await house.invite(BOX_OFFICE)
    secret = await house.accounts.link(BOX_OFFICE)
    await house.accounts.no_letters_wait()
    tables = ("invitations", "outbox", "idempotency_keys", "procrastinate_jobs", "procrastinate_events")
    for table in tables:
        for (row,) in await house.accounts.rows(f"SELECT t::text FROM {table} t"):
            assert secret not in row and secret.encode().hex() not in row, table


async def test_inviting_again_with_the_same_key_sends_one_mail(house: House) -> None:
    first, again = await house.invite(BOX_OFFICE), await house.invite(BOX_OFFICE)
    assert first == again
    await house.accounts.no_letters_wait()
    assert await house.accounts.rows("SELECT count(*) FROM invitations") == [(1,)]
    assert len([path for path in house.accounts.mail.glob("*.eml") if b"bo@genova" in path.read_bytes()]) == 1


async def test_a_member_is_not_invited_again(house: House) -> None:
    refused = await refusal(house.invite("OWNER@genova.example"))
    assert (refused.reason, refused.code) == ("ALREADY_MEMBER", grpc.StatusCode.ALREADY_EXISTS)


@pytest.mark.parametrize(("roles", "problem"), [(["king"], "'king'"), (["door", "door"], "twice"), ([], "must be set")])
async def test_roles_that_are_none_are_refused(house: House, roles: list[str], problem: str) -> None:
    request = pb.InviteMemberRequest(idempotency_key="k", house_id=house.house_id, email=BOX_OFFICE, roles=roles)
    refused = await refusal(house.accounts.stub.InviteMember(request, metadata=house.owner.metadata))
    assert (refused.reason, refused.facts["field"]) == ("FIELD_INVALID", "roles")
    assert problem in refused.facts["problem"]


async def test_roles_that_would_leave_no_owner_are_refused(house: House) -> None:
    owner = (await house.members())[OWNER]
    for call in (house.update(owner, "back_office", "finance"), house.remove(owner)):
        refused = await refusal(call)
        assert (refused.reason, refused.code) == ("LAST_OWNER", grpc.StatusCode.FAILED_PRECONDITION)
    assert list((await house.members())[OWNER].roles) == ["owner"]


async def test_two_owners_who_remove_each_other_at_the_same_moment_leave_one(house: House) -> None:
    second = await house.join(BOX_OFFICE, "owner")
    members = await house.members()
    answers = await asyncio.gather(
        house.remove(members[BOX_OFFICE], by=house.owner),
        house.remove(members[OWNER], by=second),
        return_exceptions=True,
    )
    assert len([answer for answer in answers if answer is None]) == 1
    assert await house.accounts.rows("SELECT count(*) FROM memberships WHERE 'owner' = ANY (roles)") == [(1,)]


async def test_a_changed_role_makes_the_tokens_from_before_void(house: House) -> None:
    second = await house.join(BOX_OFFICE, "back_office")
    assert len(await house.members(by=second)) == 2
    member = (await house.members())[BOX_OFFICE]
    changed = await house.update(member, "door")
    assert (list(changed.roles), changed.etag) == (["door"], '"2"')

    async def is_void() -> None:
        assert (await refusal(house.members(by=second))).reason == "TOKEN_REVOKED"

    await eventually(is_void)
    fresh = Caller(second.person_id, second.session_secret, await house.accounts.bearer(second.session_secret))
    assert (await refusal(house.members(by=fresh))).reason == "PERMISSION_MISSING"
    lost = await refusal(house.update(member, "finance"))
    assert (lost.reason, lost.facts["etag"]) == ("ETAG_STALE", '"2"')


async def test_who_was_removed_is_out_and_may_come_back(house: House) -> None:
    second = await house.join(BOX_OFFICE)
    await house.remove((await house.members())[BOX_OFFICE])
    assert "hss" not in await house.accounts.claims(await house.accounts.token(second.session_secret))
    assert list(await house.members()) == [OWNER]
    gone = pb.Member(person_id=second.person_id, etag='"1"')
    assert (await refusal(house.remove(gone))).reason == "MEMBER_NOT_FOUND"
    await house.invite(BOX_OFFICE, "door", key="again")
    back = await refusal(house.accounts.stub.AcceptInvitation(accepting("x", new=False), metadata=NOBODY))
    assert back.reason == "PERSON_UNKNOWN"


async def test_r3_1_another_houses_people_are_not_found(house: House) -> None:
    await house.accounts.sign_up("milano")
    stranger = await house.accounts.signed_in("owner@milano.example")
    invitation = await house.invite(BOX_OFFICE)
    member = (await house.members())[OWNER]
    withdraw = pb.WithdrawInvitationRequest(house_id=house.house_id, invitation_id=invitation.invitation_id)
    stub = house.accounts.stub
    for call in (
        house.members(by=stranger),
        house.update(member, "door", by=stranger),
        house.remove(member, by=stranger),
        house.invite("friend@milano.example", by=stranger),
        stub.WithdrawInvitation(withdraw, metadata=stranger.metadata),
        stub.GetHouse(pb.GetHouseRequest(house_id=house.house_id), metadata=stranger.metadata),
    ):
        refused = await refusal(call)
        assert (refused.reason, refused.code) == ("HOUSE_NOT_FOUND", grpc.StatusCode.NOT_FOUND)


async def test_pages_of_members_neither_skip_nor_repeat(house: House) -> None:
    emails = [f"member{number}@genova.example" for number in range(4)]
    for email in emails:
        await house.join(email)
    found, token = [], ""
    while True:
        request = pb.ListMembersRequest(house_id=house.house_id, page_size=2, page_token=token)
        page = await house.accounts.stub.ListMembers(request, metadata=house.owner.metadata)
        found += [member.email for member in page.members]
        token = page.next_page_token
        if not token:
            break
    assert found == [OWNER, *emails]


async def test_what_is_done_to_members_is_told_to_the_act_log_without_addresses(house: House) -> None:
    await house.join(BOX_OFFICE)
    members = await house.members()
    await house.update(members[BOX_OFFICE], "door")
    await house.remove((await house.members())[BOX_OFFICE])
    payloads = [bytes(payload) for (payload,) in await house.accounts.rows("SELECT payload FROM outbox ORDER BY id")]
    for act in (b"member.invited", b"member.joined", b"member.changed", b"member.removed"):
        assert [payload for payload in payloads if act in payload]
    assert not [payload for payload in payloads if b"@" in payload or b"Ada" in payload]
    acts = [ActDone.FromString(payload) for payload in payloads if b"member.joined" in payload]
    # Who came by the link has no token yet, and is the one who did it all the same.
    assert [act.who.subject for act in acts] == [members[BOX_OFFICE].person_id]


@pytest.mark.parametrize("what", ["changed", "removed"])
async def test_a_token_of_the_moment_in_which_a_member_is_changed_or_removed_is_void_too(
    house: House, what: str
) -> None:
    """Whoever asks for tokens all the time gets one with the old roles before the change is known."""
    bo = await house.join(BOX_OFFICE)
    member = (await house.members())[BOX_OFFICE]
    async with house.accounts.engine.connect() as other:
        # Somebody has the row: the change has begun, and waits.
        await other.execute(text("SELECT 1 FROM people WHERE person_id = :id FOR UPDATE"), {"id": bo.person_id})
        change = asyncio.create_task(changed(house, member) if what == "changed" else house.remove(member))
        await eventually(lambda: somebody_waits(house.accounts))
        old = await house.accounts.claims(await house.accounts.token(bo.session_secret))
        await other.rollback()
    await change
    assert old["hss"] == {house.house_id: ["box_office"]}
    void = {one.name: one.until_ms for one in await house.accounts.revoked()}
    assert round(old["iat"] * 1000) <= void[bo.person_id]
    new = await house.accounts.claims(await house.accounts.token(bo.session_secret))
    assert new.get("hss", {}) == ({house.house_id: ["door"]} if what == "changed" else {})
    assert round(new["iat"] * 1000) > void[bo.person_id]


async def changed(house: House, member: pb.Member) -> None:
    await house.update(member, "door")


async def somebody_waits(accounts: Accounts) -> None:
    """For a row that another transaction has."""
    assert await accounts.rows(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )


async def test_who_was_removed_does_not_come_back_by_an_older_invitation(house: House) -> None:
    stub = house.accounts.stub
    await house.invite(BOX_OFFICE, key="first")
    spare = await house.accounts.link(BOX_OFFICE)
    elsewhere = await house.invite("else@genova.example", key="another")
    await house.invite(BOX_OFFICE, key="second")

    async def second_letter() -> str:
        found = await house.accounts.link(BOX_OFFICE)
        assert found != spare
        return found

    await stub.AcceptInvitation(accepting(await eventually(second_letter)), metadata=NOBODY)
    await house.remove((await house.members())[BOX_OFFICE])
    bo = await house.accounts.signed_in(BOX_OFFICE)
    again = stub.AcceptInvitation(accepting(spare, new=False), metadata=bo.metadata)
    assert (await refusal(again)).reason == "INVITATION_WITHDRAWN"
    request = pb.ListInvitationsRequest(house_id=house.house_id)
    told = await stub.ListInvitations(request, metadata=house.owner.metadata)
    assert [one.invitation_id for one in told.invitations] == [elsewhere.invitation_id]
