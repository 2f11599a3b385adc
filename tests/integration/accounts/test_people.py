"""What people change of themselves: password, address, second factor; and what is void afterwards."""

from __future__ import annotations

import asyncio

import grpc
import pyotp
import pytest
from balcon.accounts.v1 import accounts_service_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.accounts.stage import NOBODY, PASSWORD, Accounts, Caller

EMAIL = "owner@genova.example"
NEW_PASSWORD = "another long password"


@pytest.fixture
async def owner(guarded: Accounts) -> Caller:
    await guarded.sign_up("genova")
    return await guarded.signed_in(EMAIL)


async def test_a_person_reads_and_changes_what_they_are_called(guarded: Accounts, owner: Caller) -> None:
    person = (await guarded.stub.GetPerson(pb.GetPersonRequest(), metadata=owner.metadata)).person
    assert (person.person_id, person.email, person.email_confirmed) == (owner.person_id, EMAIL, False)
    change = pb.UpdatePersonRequest(
        etag=person.etag,
        person=pb.PersonChange(name="Ada the Great", language="not looked at"),
        update_mask=FieldMask(paths=["name"]),
    )
    changed = (await guarded.stub.UpdatePerson(change, metadata=owner.metadata)).person
    assert (changed.name, changed.language) == ("Ada the Great", "nl")
    lost = await refusal(guarded.stub.UpdatePerson(change, metadata=owner.metadata))
    assert (lost.reason, lost.facts["etag"]) == ("ETAG_STALE", changed.etag)


async def test_who_has_not_logged_in_has_no_account(guarded: Accounts) -> None:
    refused = await refusal(guarded.stub.GetPerson(pb.GetPersonRequest(), metadata=NOBODY))
    assert refused.code == grpc.StatusCode.UNAUTHENTICATED
    buyer = await guarded.stub.StartBuyerSession(pb.StartBuyerSessionRequest())
    bearer = await guarded.bearer(buyer.session_secret)
    refused = await refusal(guarded.stub.GetPerson(pb.GetPersonRequest(), metadata=bearer))
    assert refused.code == grpc.StatusCode.PERMISSION_DENIED


async def test_a_new_password_ends_all_other_sessions_and_their_tokens(guarded: Accounts, owner: Caller) -> None:
    other = await guarded.signed_in(EMAIL)
    wrong = pb.ChangePasswordRequest(password="not the old one", new_password=NEW_PASSWORD)
    assert (await refusal(guarded.stub.ChangePassword(wrong, metadata=owner.metadata))).reason == "PASSWORD_WRONG"
    right = pb.ChangePasswordRequest(password=PASSWORD, new_password=NEW_PASSWORD, session_secret=owner.session_secret)
    await guarded.stub.ChangePassword(right, metadata=owner.metadata)
    assert (await refusal(guarded.token(other.session_secret))).reason == "SESSION_OVER"
    fresh = await guarded.bearer(owner.session_secret)
    assert (await guarded.stub.GetPerson(pb.GetPersonRequest(), metadata=fresh)).person.person_id == owner.person_id

    async def is_void() -> None:
        refused = await refusal(guarded.stub.GetPerson(pb.GetPersonRequest(), metadata=other.metadata))
        assert refused.reason == "TOKEN_REVOKED"

    await eventually(is_void)
    assert (await refusal(guarded.log_in(EMAIL))).reason == "LOG_IN_REFUSED"
    await guarded.log_in(EMAIL, NEW_PASSWORD)
    events = await guarded.rows("SELECT key FROM outbox WHERE type = 'balcon.access.v1.AccessRevoked'")
    assert events == [(owner.person_id,)]


async def test_a_session_is_ended_from_another_one_and_nobody_elses_is(guarded: Accounts, owner: Caller) -> None:
    await guarded.sign_up("milano")
    stranger = await guarded.signed_in("owner@milano.example")
    other = await guarded.log_in(EMAIL)
    told = await guarded.stub.ListSessions(pb.ListSessionsRequest(), metadata=owner.metadata)
    assert told.sessions[0].session_id == other.session_id
    assert [session.device for session in told.sessions] == ["Test", "Test"]
    request = pb.EndSessionRequest(session_id=other.session_id)
    refused = await refusal(guarded.stub.EndSession(request, metadata=stranger.metadata))
    assert (refused.reason, refused.code) == ("SESSION_NOT_FOUND", grpc.StatusCode.NOT_FOUND)
    await guarded.stub.EndSession(request, metadata=owner.metadata)
    assert (await refusal(guarded.token(other.session_secret))).reason == "SESSION_OVER"
    await guarded.token(owner.session_secret)


async def test_a_session_ends_unused_and_by_age(guarded: Accounts, owner: Caller, clock: ShiftedClock) -> None:
    clock.forward(seconds=71 * 3_600)
    await guarded.token(owner.session_secret)
    clock.forward(seconds=71 * 3_600)
    await guarded.token(owner.session_secret)
    clock.forward(seconds=72 * 3_600)
    assert (await refusal(guarded.token(owner.session_secret))).reason == "SESSION_OVER"
    session = (await guarded.log_in(EMAIL)).session_secret
    for _ in range(10):
        clock.forward(seconds=71 * 3_600)
        await guarded.token(session)
    clock.forward(seconds=10 * 3_600)
    assert (await refusal(guarded.token(session))).reason == "SESSION_OVER"


async def test_a_password_reset_answers_the_same_whoever_has_the_address(guarded: Accounts, owner: Caller) -> None:
    for email in (EMAIL, "nobody@genova.example"):
        await guarded.stub.RequestPasswordReset(pb.RequestPasswordResetRequest(email=email))
    # What is done before the answer is one sealed row, of the same size but for the address, and one job.
    await guarded.no_letters_wait()
    letter = await guarded.letter(EMAIL, "wachtwoord")
    assert letter["To"] == EMAIL
    assert not [path for path in guarded.mail.glob("*.eml") if b"nobody" in path.read_bytes()]


async def test_a_reset_link_works_once_and_ends_every_session(guarded: Accounts, owner: Caller) -> None:
    await guarded.stub.RequestPasswordReset(pb.RequestPasswordResetRequest(email=EMAIL))
    secret = await guarded.link(EMAIL, "wachtwoord")
    dump = await guarded.rows("SELECT l::text FROM one_time_links l")
    assert not [row for (row,) in dump if secret in row or secret.encode().hex() in row]
    request = pb.ResetPasswordRequest(link_secret=secret, new_password=NEW_PASSWORD)
    answers = await asyncio.gather(*(guarded.stub.ResetPassword(request) for _ in range(3)), return_exceptions=True)
    assert len([answer for answer in answers if isinstance(answer, pb.ResetPasswordResponse)]) == 1
    assert (await refusal(guarded.stub.ResetPassword(request))).reason == "LINK_USED"
    assert (await refusal(guarded.token(owner.session_secret))).reason == "SESSION_OVER"
    await guarded.log_in(EMAIL, NEW_PASSWORD)
    unknown = pb.ResetPasswordRequest(link_secret="bl_nothing", new_password=NEW_PASSWORD)
    assert (await refusal(guarded.stub.ResetPassword(unknown))).reason == "LINK_UNKNOWN"


async def test_a_reset_link_is_good_for_thirty_minutes(guarded: Accounts, owner: Caller, clock: ShiftedClock) -> None:
    await guarded.stub.RequestPasswordReset(pb.RequestPasswordResetRequest(email=EMAIL))
    secret = await guarded.link(EMAIL, "wachtwoord")
    clock.forward(seconds=30 * 60)
    late = await refusal(
        guarded.stub.ResetPassword(pb.ResetPasswordRequest(link_secret=secret, new_password=NEW_PASSWORD))
    )
    assert late.reason == "LINK_EXPIRED"
    await guarded.log_in(EMAIL)


async def test_nobody_is_flooded_with_reset_links(guarded: Accounts, owner: Caller) -> None:
    for _ in range(6):
        await guarded.stub.RequestPasswordReset(pb.RequestPasswordResetRequest(email=EMAIL))
    await guarded.no_letters_wait()
    assert await guarded.rows("SELECT count(*) FROM one_time_links WHERE purpose = 'reset'") == [(3,)]


async def test_an_address_counts_once_its_link_was_opened(guarded: Accounts, owner: Caller) -> None:
    await guarded.stub.ConfirmEmail(pb.ConfirmEmailRequest(link_secret=await guarded.link(EMAIL)))
    change = pb.ChangeEmailRequest(password=PASSWORD, email="Ada@New.example")
    await guarded.stub.ChangeEmail(change, metadata=owner.metadata)
    secret = await guarded.link("Ada@new.example")
    person = (await guarded.stub.GetPerson(pb.GetPersonRequest(), metadata=owner.metadata)).person
    assert (person.email, person.email_confirmed) == (EMAIL, True)
    await guarded.stub.ConfirmEmail(pb.ConfirmEmailRequest(link_secret=secret))
    assert (await refusal(guarded.stub.ConfirmEmail(pb.ConfirmEmailRequest(link_secret=secret)))).reason == "LINK_USED"
    await guarded.log_in("ada@new.example")
    assert (await refusal(guarded.log_in(EMAIL))).reason == "LOG_IN_REFUSED"


async def test_an_address_that_somebody_took_meanwhile_is_refused(guarded: Accounts, owner: Caller) -> None:
    change = pb.ChangeEmailRequest(password=PASSWORD, email="ada@new.example")
    await guarded.stub.ChangeEmail(change, metadata=owner.metadata)
    secret = await guarded.link("ada@new.example")
    await guarded.sign_up("milano", "ada@new.example")
    refused = await refusal(guarded.stub.ConfirmEmail(pb.ConfirmEmailRequest(link_secret=secret)))
    assert refused.reason == "EMAIL_TAKEN"
    await guarded.log_in(EMAIL)


async def test_a_new_password_takes_back_a_change_of_address(guarded: Accounts, owner: Caller) -> None:
    change = pb.ChangeEmailRequest(password=PASSWORD, email="thief@new.example")
    await guarded.stub.ChangeEmail(change, metadata=owner.metadata)
    thiefs = await guarded.link("thief@new.example")
    await guarded.stub.RequestPasswordReset(pb.RequestPasswordResetRequest(email=EMAIL))
    reset = pb.ResetPasswordRequest(link_secret=await guarded.link(EMAIL, "wachtwoord"), new_password=NEW_PASSWORD)
    await guarded.stub.ResetPassword(reset)
    assert (
        await refusal(guarded.stub.ConfirmEmail(pb.ConfirmEmailRequest(link_secret=thiefs)))
    ).reason == "LINK_UNKNOWN"
    await guarded.log_in(EMAIL, NEW_PASSWORD)


async def test_who_reads_an_address_gets_in_past_the_second_factor_of_who_signed_up_with_it(
    guarded: Accounts, owner: Caller, clock: ShiftedClock
) -> None:
    await enrolled(guarded, owner, clock)
    await guarded.stub.RequestPasswordReset(pb.RequestPasswordResetRequest(email=EMAIL))
    reset = pb.ResetPasswordRequest(link_secret=await guarded.link(EMAIL, "wachtwoord"), new_password=NEW_PASSWORD)
    await guarded.stub.ResetPassword(reset)
    again = await guarded.signed_in(EMAIL, NEW_PASSWORD)
    # From now on it is proved whose address it is, and a reset leaves the second factor on.
    await enrolled(guarded, again, clock, NEW_PASSWORD)
    await guarded.stub.RequestPasswordReset(pb.RequestPasswordResetRequest(email=EMAIL))
    await guarded.no_letters_wait()
    reset.link_secret = await guarded.link(EMAIL, "wachtwoord")
    await guarded.stub.ResetPassword(reset)
    assert (await refusal(guarded.log_in(EMAIL, NEW_PASSWORD))).reason == "SECOND_FACTOR_NEEDED"


async def test_codes_that_would_confirm_an_enrolment_are_guesses_and_are_counted(
    guarded: Accounts, clock: ShiftedClock
) -> None:
    """Or somebody with a stolen token confirms what the owner has begun, and has the recovery codes."""
    await guarded.sign_up("genova")
    owner = await guarded.signed_in("owner@genova.example")
    begin = pb.EnrolSecondFactorRequest(password=PASSWORD)
    begun = await guarded.stub.EnrolSecondFactor(begin, metadata=owner.metadata)

    async def confirming(code: str) -> str:
        request = pb.ConfirmSecondFactorRequest(code=code)
        return (await refusal(guarded.stub.ConfirmSecondFactor(request, metadata=owner.metadata))).reason

    told = [await confirming("none") for _ in range(12)]
    assert (told[0], told[-1]) == ("SECOND_FACTOR_WRONG", "TOO_MANY_ATTEMPTS")
    app = pyotp.parse_uri(begun.otpauth_uri)
    assert isinstance(app, pyotp.TOTP)
    assert await confirming(app.at(clock.now_ms() // 1000)) == "TOO_MANY_ATTEMPTS"


async def enrolled(
    guarded: Accounts, owner: Caller, clock: ShiftedClock, password: str = PASSWORD
) -> tuple[pyotp.TOTP, list[str]]:
    """A confirmed second factor, and its recovery codes."""
    begun = await guarded.stub.EnrolSecondFactor(
        pb.EnrolSecondFactorRequest(password=password), metadata=owner.metadata
    )
    app = pyotp.parse_uri(begun.otpauth_uri)
    assert isinstance(app, pyotp.TOTP)
    code = app.at(clock.now_ms() // 1000)
    confirmed = await guarded.stub.ConfirmSecondFactor(
        pb.ConfirmSecondFactorRequest(code=code), metadata=owner.metadata
    )
    clock.forward(seconds=60)
    return app, list(confirmed.recovery_codes)


def with_code(code: str) -> pb.LogInRequest:
    return pb.LogInRequest(email=EMAIL, password=PASSWORD, code=code)


async def test_a_second_factor_is_asked_for_and_no_code_is_taken_twice(
    guarded: Accounts, owner: Caller, clock: ShiftedClock
) -> None:
    app, _ = await enrolled(guarded, owner, clock)
    asked = await refusal(guarded.log_in(EMAIL))
    assert (asked.reason, asked.code) == ("SECOND_FACTOR_NEEDED", grpc.StatusCode.FAILED_PRECONDITION)
    assert (await refusal(guarded.stub.LogIn(with_code("000000")))).reason == "SECOND_FACTOR_WRONG"
    code = app.at(clock.now_ms() // 1000)
    answers = await asyncio.gather(*(guarded.stub.LogIn(with_code(code)) for _ in range(3)), return_exceptions=True)
    assert len([answer for answer in answers if isinstance(answer, pb.LogInResponse)]) == 1
    assert (await refusal(guarded.stub.LogIn(with_code(code)))).reason == "SECOND_FACTOR_WRONG"


async def test_a_wrong_password_is_not_told_that_there_is_a_second_factor(
    guarded: Accounts, owner: Caller, clock: ShiftedClock
) -> None:
    await enrolled(guarded, owner, clock)
    assert (await refusal(guarded.log_in(EMAIL, "a wrong password"))).reason == "LOG_IN_REFUSED"


async def test_a_recovery_code_is_good_once(guarded: Accounts, owner: Caller, clock: ShiftedClock) -> None:
    _, codes = await enrolled(guarded, owner, clock)
    assert len(set(codes)) == 10
    assert (await guarded.stub.LogIn(with_code(codes[0].upper().replace("-", " ")))).session_secret
    assert (await refusal(guarded.stub.LogIn(with_code(codes[0])))).reason == "SECOND_FACTOR_WRONG"
    replaced = await guarded.stub.ReplaceRecoveryCodes(
        pb.ReplaceRecoveryCodesRequest(code=codes[1]), metadata=owner.metadata
    )
    assert not set(replaced.recovery_codes) & set(codes)
    assert (await refusal(guarded.stub.LogIn(with_code(codes[2])))).reason == "SECOND_FACTOR_WRONG"


async def test_a_second_factor_is_disabled_with_a_code_only(
    guarded: Accounts, owner: Caller, clock: ShiftedClock
) -> None:
    _, codes = await enrolled(guarded, owner, clock)
    wrong = pb.DisableSecondFactorRequest(code="123456")
    refused = await refusal(guarded.stub.DisableSecondFactor(wrong, metadata=owner.metadata))
    assert refused.reason == "SECOND_FACTOR_WRONG"
    await guarded.stub.DisableSecondFactor(pb.DisableSecondFactorRequest(code=codes[0]), metadata=owner.metadata)
    await guarded.log_in(EMAIL)


async def test_the_secret_of_a_second_factor_is_sealed(guarded: Accounts, owner: Caller, clock: ShiftedClock) -> None:
    app, codes = await enrolled(guarded, owner, clock)
    [(sealed,)] = await guarded.rows("SELECT sealed_secret FROM second_factors")
    assert app.secret.encode() not in bytes(sealed)
    dump = await guarded.rows("SELECT r::text FROM recovery_codes r")
    assert not [row for (row,) in dump if codes[0] in row or codes[0].replace("-", "").encode().hex() in row]
