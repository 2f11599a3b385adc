"""balcon.accounts.v1.AccountsService, sessions and tokens."""

from __future__ import annotations

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.api.calls import Context, answered
from services.accounts.api.people_messages import person_message
from services.accounts.domain.email_address import EmailAddress, email_address
from services.accounts.domain.person import refused_given_password
from services.accounts.handlers.sessions import SessionHandler
from services.accounts.handlers.signing_keys import KeyRing
from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.texts import refused_text
from services.contracts.wire_types import wire_instant
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.rpc.errors import accept

_MAX_SECRET_CHARS = 128


def refused_secret(value: str, field: str) -> FieldInvalid | None:
    """The refusal for what no secret of accounts' looks like, else None."""
    if value and len(value) <= _MAX_SECRET_CHARS:
        return None
    return FieldInvalid(field, "is too long" if value else UNSET, f"1 to {_MAX_SECRET_CHARS} characters")


class SessionCalls:
    """Stateless; everything lives in the handlers."""

    _sessions: SessionHandler
    _keys: KeyRing

    async def LogIn(self, request: pb.LogInRequest, context: Context) -> pb.LogInResponse:  # noqa: N802
        email = email_address(request.email)
        accept(
            email if isinstance(email, FieldInvalid) else None,
            refused_given_password(request.password),
            refused_text("device", request.device, at_least=0, at_most=MAX_NAME_CHARS),
        )
        assert isinstance(email, EmailAddress), "what is no address is refused"
        started = answered(await self._sessions.log_in(email, request.password, request.device))
        assert started.person is not None, "a person has logged in"
        return pb.LogInResponse(
            session_id=started.session.session_id,
            session_secret=started.secret,
            expires_at=wire_instant(started.session.expires_at_ms),
            person=person_message(started.person),
        )

    async def StartBuyerSession(  # noqa: N802
        self, request: pb.StartBuyerSessionRequest, context: Context
    ) -> pb.StartBuyerSessionResponse:
        started = await self._sessions.start_for_buyer()
        return pb.StartBuyerSessionResponse(
            session_id=started.session.session_id,
            session_secret=started.secret,
            expires_at=wire_instant(started.session.expires_at_ms),
        )

    async def IssueToken(self, request: pb.IssueTokenRequest, context: Context) -> pb.IssueTokenResponse:  # noqa: N802
        accept(refused_secret(request.session_secret, "session_secret"))
        issued = answered(await self._sessions.issue_token(request.session_secret))
        return pb.IssueTokenResponse(token=issued.token, expires_at=wire_instant(issued.expires_at_ms))

    async def LogOut(self, request: pb.LogOutRequest, context: Context) -> pb.LogOutResponse:  # noqa: N802
        accept(refused_secret(request.session_secret, "session_secret"))
        await self._sessions.log_out(request.session_secret)
        return pb.LogOutResponse()

    async def ListSigningKeys(  # noqa: N802
        self, request: pb.ListSigningKeysRequest, context: Context
    ) -> pb.ListSigningKeysResponse:
        keys = await self._keys.public_keys()
        return pb.ListSigningKeysResponse(
            keys=[pb.SigningKey(key_id=key.key_id, public_key=key.public_key) for key in keys]
        )
