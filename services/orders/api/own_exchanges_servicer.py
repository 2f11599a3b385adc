"""OwnExchangesService: what buyers ask before they exchange. No rules."""

from __future__ import annotations

from typing import Any

import grpc
from balcon.orders.v1 import own_exchanges_pb2 as wire
from balcon.orders.v1.own_exchanges_pb2_grpc import OwnExchangesServiceServicer

from services.orders.api.exchange_messages import own_exchange, own_exchange_message
from services.orders.handlers.exchanges import Exchanges
from services.runtime.rpc.errors import answered

Context = grpc.aio.ServicerContext[Any, Any]


class OwnExchangesServicer(OwnExchangesServiceServicer):
    """See balcon.orders.v1.OwnExchangesService."""

    def __init__(self, exchanges: Exchanges) -> None:
        self._exchanges = exchanges

    async def QuoteOwnExchange(  # noqa: N802
        self, request: wire.QuoteOwnExchangeRequest, context: Context
    ) -> wire.QuoteOwnExchangeResponse:
        """What tickets are worth in a new order."""
        asked = own_exchange(request)
        return own_exchange_message(answered(await self._exchanges.quote(*asked)))
