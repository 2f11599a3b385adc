"""The servicers of orders with nothing behind their validators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.orders.api.buyer_policy_servicer import BuyerPolicyServicer
from services.orders.api.order_acts_servicer import OrderActsServicer
from services.orders.api.order_work_servicer import OrderWorkServicer
from services.orders.api.orders_servicer import OrdersServicer
from services.orders.api.own_exchanges_servicer import OwnExchangesServicer
from services.orders.api.refund_requests_servicer import RefundRequestsServicer
from services.orders.handlers.refund_requests import RefundDesk
from services.runtime.clock import Clock
from services.runtime.ids import Ids


def of_orders(store: Any, clock: Clock, ids: Ids) -> Mapping[str, Any]:
    """By the service's name."""
    return {
        "OrdersService": OrdersServicer(store, store, clock, ids),
        "BuyerPolicyService": BuyerPolicyServicer(store, store),
        "RefundRequestsService": RefundRequestsServicer(RefundDesk(store)),
        "OwnExchangesService": OwnExchangesServicer(store),
        "OrderActsService": OrderActsServicer(store, clock),
        "OrderWorkService": OrderWorkServicer(store, store, store, store, clock, ids, _nothing),
    }


def _nothing() -> None:
    """Wakes nobody."""
