"""balcon.ticketing.v1.TicketingService, the keys of codes."""

from __future__ import annotations

from balcon.ticketing.v1 import ticketing_service_pb2 as pb

from services.contracts.wire_types import wire_instant
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept
from services.runtime.rpc.interceptors import Context
from services.ticketing.domain.signing_key import CheckingKey
from services.ticketing.handlers.signing_keys import KeyRing


class KeyCalls:
    """Stateless; everything lives in the handler."""

    _keys: KeyRing

    async def ListTicketKeys(  # noqa: N802
        self, request: pb.ListTicketKeysRequest, context: Context
    ) -> pb.ListTicketKeysResponse:
        accept(refused_key("house_id", request.house_id))
        return pb.ListTicketKeysResponse(keys=[_message(key) for key in await self._keys.checking()])


def _message(key: CheckingKey) -> pb.TicketKey:
    message = pb.TicketKey(key_id=key.key_id, public_key=key.public_key, signs_from_at=wire_instant(key.signs_from_ms))
    if key.checks_until_ms is not None:
        message.checks_until_at.CopyFrom(wire_instant(key.checks_until_ms))
    return message
