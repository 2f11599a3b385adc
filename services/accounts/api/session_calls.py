"""balcon.accounts.v1.AccountsService, sessions and tokens."""

from __future__ import annotations

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.api.calls import calling_person
from services.accounts.api.people_messages import person_message
from services.accounts.api.requests import address_of, refused_code, refused_secret
from services.accounts.domain.person import refused_given_password
from services.accounts.handlers.log_in import LogIn, LogInHandler
from services.accounts.handlers.sessions import SessionHandler
from services.accounts.handlers.signing_keys import KeyRing
from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.email_addresses import EmailAddress, email_address
from services.contracts.texts import refused_text
from services.contracts.wire_types import wire_instant
from services.runtime.errors import FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context


class SessionCalls:
    """Stateless; everything lives in the handlers."""

    _log_in: LogInHandler
    _sessions: SessionHandler
    _keys: KeyRing

    async def LogIn(self, request: pb.LogInRequest, context: Context) -> pb.LogInResponse:  # noqa: N802
        email = email_address(request.email)
        accept(
            email if isinstance(email, FieldInvalid) else None,
            refused_given_password(request.password),
            refused_text("device", request.device, at_least=0, at_most=MAX_NAME_CHARS),
            refused_code(request.code, at_least=0),
        )
        assert isinstance(email, EmailAddress), "what is no address is refused"
        log_in = self._log_in.log_in
        given = LogIn(email, request.password, request.code, request.device, address_of(context.peer()))
        started = answered(await log_in(given))
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

    async def ListSessions(self, request: pb.ListSessionsRequest, context: Context) -> pb.ListSessionsResponse:  # noqa: N802
        own = await self._sessions.of_person(calling_person())
        return pb.ListSessionsResponse(
            sessions=[
                pb.Session(
                    session_id=session.session_id,
                    device=session.device,
                    created_at=wire_instant(session.created_at_ms),
                    used_at=wire_instant(session.used_at_ms),
                    expires_at=wire_instant(session.expires_at_ms),
                )
                for session in own
            ]
        )

    async def EndSession(self, request: pb.EndSessionRequest, context: Context) -> pb.EndSessionResponse:  # noqa: N802
        accept(refused_key("session_id", request.session_id))
        answered(await self._sessions.end(calling_person(), request.session_id))
        return pb.EndSessionResponse()

    async def WithdrawSigningKey(  # noqa: N802
        self, request: pb.WithdrawSigningKeyRequest, context: Context
    ) -> pb.WithdrawSigningKeyResponse:
        accept(refused_key("key_id", request.key_id))
        await self._keys.withdraw(request.key_id)
        return pb.WithdrawSigningKeyResponse()
