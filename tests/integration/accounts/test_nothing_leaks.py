"""Nothing that is secret, and nobody's name or address, is in a log, an event, a metric or a job."""

from __future__ import annotations

import pyotp
import pytest
from balcon.accounts.v1 import accounts_service_pb2 as pb
from prometheus_client import generate_latest

from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.accounts.stage import NOBODY, PASSWORD, running_accounts

OWNER, GUEST = "owner@genova.example", "guest@genova.example"
NEW_PASSWORD = "another long password"
WRONG = "a wrong password of somebody"


async def test_nothing_secret_is_in_logs_events_metrics_or_jobs(
    database_url: DatabaseUrl, capfd: pytest.CaptureFixture[str]
) -> None:
    clock = ShiftedClock()
    async with running_accounts(database_url("accounts"), clock=clock, guarded=True) as accounts:
        made = await accounts.sign_up("genova")
        owner = await accounts.signed_in(OWNER)
        secrets = [PASSWORD, NEW_PASSWORD, WRONG, owner.session_secret, owner.metadata[0][1], OWNER, GUEST, "Ada Owner"]
        await refusal(accounts.log_in(OWNER, WRONG))
        await refusal(accounts.token("bs_a secret that is none"))
        invite = pb.InviteMemberRequest(
            idempotency_key="k", house_id=made.house.house_id, email=GUEST, roles=["finance"]
        )
        await accounts.stub.InviteMember(invite, metadata=owner.metadata)
        link = await accounts.link(GUEST)
        accept = pb.AcceptInvitationRequest(
            invitation_secret=link, new_person=pb.NewPerson(name="Guest Guestson", password=PASSWORD)
        )
        await accounts.stub.AcceptInvitation(accept, metadata=NOBODY)
        await accounts.stub.RequestPasswordReset(pb.RequestPasswordResetRequest(email=OWNER))
        reset = await accounts.link(OWNER, "wachtwoord")
        await accounts.stub.ResetPassword(pb.ResetPasswordRequest(link_secret=reset, new_password=NEW_PASSWORD))
        again = await accounts.signed_in(OWNER, NEW_PASSWORD)
        enrol = pb.EnrolSecondFactorRequest(password=NEW_PASSWORD)
        uri = (await accounts.stub.EnrolSecondFactor(enrol, metadata=again.metadata)).otpauth_uri
        app = pyotp.parse_uri(uri)
        assert isinstance(app, pyotp.TOTP)
        code = pb.ConfirmSecondFactorRequest(code=app.at(clock.now_ms() // 1000))
        codes = (await accounts.stub.ConfirmSecondFactor(code, metadata=again.metadata)).recovery_codes
        await accounts.no_letters_wait()
        secrets += [link, reset, again.session_secret, app.secret, "Guest Guestson", *codes]
        tables = ("outbox", "procrastinate_jobs", "procrastinate_events", "idempotency_keys", "act_log", "revocations")
        stored = {table: await accounts.rows(f"SELECT t::text FROM {table} t") for table in tables}
        payloads = [bytes(payload) for (payload,) in await accounts.rows("SELECT payload FROM outbox")]
    logged = "".join(capfd.readouterr())
    assert "letter_written" in logged
    assert payloads
    metrics = generate_latest().decode()
    for secret in secrets:
        assert secret not in logged
        assert secret not in metrics
        assert not [payload for payload in payloads if secret.encode() in payload]
        for table, rows in stored.items():
            # What a retry is answered with is kept, and the sign-up's answer has the person's own name and address.
            if table != "idempotency_keys" or secret not in {OWNER, GUEST, "Ada Owner"}:
                assert not [row for (row,) in rows if secret in row or secret.encode().hex() in row], table
