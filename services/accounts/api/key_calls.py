"""balcon.accounts.v1.AccountsService, resellers' API keys."""

from __future__ import annotations

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.api.key_messages import key_message, scope_message, scope_of
from services.accounts.api.requests import address_of
from services.accounts.domain.api_key import refused_scope, refused_whole_key
from services.accounts.handlers.api_keys import ApiKeyHandler, NewKey
from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.pages import asked_page
from services.contracts.texts import refused_idempotency_key, refused_text
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import wire_instant
from services.runtime.errors import FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered
from services.runtime.rpc.interceptors import Context


class KeyCalls:
    """Stateless but for secrets on their way out: what is kept of an answer has none."""

    _api_keys: ApiKeyHandler

    async def CreateApiKey(self, request: pb.CreateApiKeyRequest, context: Context) -> pb.CreateApiKeyResponse:  # noqa: N802
        scope = scope_of(request.scope)
        accept(
            refused_key("house_id", request.house_id),
            refused_text("reseller_name", request.reseller_name, at_most=MAX_NAME_CHARS),
            refused_scope(scope),
            refused_idempotency_key(request.idempotency_key),
        )
        made: list[NewKey] = []

        def kept(new: NewKey) -> pb.CreateApiKeyResponse:
            made.append(new)
            return pb.CreateApiKeyResponse(key=key_message(new.key))

        written = await self._api_keys.create(asked_once(request, kept), request.house_id, request.reseller_name, scope)
        response = pb.CreateApiKeyResponse.FromString(answered(written))
        response.secret = made[0].secret if made else ""
        return response

    async def RotateApiKey(self, request: pb.RotateApiKeyRequest, context: Context) -> pb.RotateApiKeyResponse:  # noqa: N802
        accept(
            refused_key("house_id", request.house_id),
            refused_key("key_id", request.key_id),
            refused_idempotency_key(request.idempotency_key),
        )
        made: list[NewKey] = []

        def kept(new: NewKey) -> pb.RotateApiKeyResponse:
            made.append(new)
            return pb.RotateApiKeyResponse(key=key_message(new.key))

        written = await self._api_keys.rotate(asked_once(request, kept), request.house_id, request.key_id)
        response = pb.RotateApiKeyResponse.FromString(answered(written))
        response.secret = made[0].secret if made else ""
        return response

    async def WithdrawApiKey(self, request: pb.WithdrawApiKeyRequest, context: Context) -> pb.WithdrawApiKeyResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("key_id", request.key_id))
        key = answered(await self._api_keys.withdraw(request.house_id, request.key_id))
        return pb.WithdrawApiKeyResponse(key=key_message(key))

    async def ListApiKeys(self, request: pb.ListApiKeysRequest, context: Context) -> pb.ListApiKeysResponse:  # noqa: N802
        checks = (refused_key("house_id", request.house_id),)
        asked = asked_page(request.page_size, request.page_token, request.house_id, *checks)
        if isinstance(asked, FieldInvalid):
            raise Refused(asked)
        page = await self._api_keys.page(request.house_id, asked, include_withdrawn=request.include_withdrawn)
        return pb.ListApiKeysResponse(
            keys=[key_message(key) for key in page.keys], next_page_token=page.next_page_token
        )

    async def ExchangeKey(self, request: pb.ExchangeKeyRequest, context: Context) -> pb.ExchangeKeyResponse:  # noqa: N802
        accept(refused_whole_key(request.api_key))
        issued = answered(await self._api_keys.exchange(request.api_key, address_of(context.peer())))
        return pb.ExchangeKeyResponse(token=issued.token, expires_at=wire_instant(issued.expires_at_ms))

    async def GetResellerScope(  # noqa: N802
        self, request: pb.GetResellerScopeRequest, context: Context
    ) -> pb.GetResellerScopeResponse:
        accept(refused_key("house_id", request.house_id), refused_key("reseller_id", request.reseller_id))
        scope = answered(await self._api_keys.scope(request.house_id, request.reseller_id))
        return pb.GetResellerScopeResponse(scope=scope_message(scope))
