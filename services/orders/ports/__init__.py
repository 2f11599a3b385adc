"""What the orders service needs from outside: seats, prices, money, a store of its own. No technology is named here.

An answer that is none (timeout, lost connection, a node that moves) is raised as Unanswered: uncertain is not failed.
"""

from __future__ import annotations

from services.orders.ports.answer import Answer, Declined, Done, Unanswered
from services.orders.ports.catalogue import Catalogue, Offer
from services.orders.ports.customers import Buyer, Customers, Tick
from services.orders.ports.order_store import (
    Act,
    Acted,
    Changed,
    Lease,
    LeasedOrder,
    OrderFilter,
    OrderRef,
    OrderStore,
)
from services.orders.ports.payments import (
    NEVER_MADE,
    Payments,
    PaymentSeen,
    PaymentState,
    RefundAsked,
    RefundSeen,
    RefundStatus,
)
from services.orders.ports.request_key import KeyInRecord, Operation, RequestKey
from services.orders.ports.seat_inventory import HeldSeats, SeatInventory
from services.orders.ports.ticketing import Ticketing
from services.orders.ports.vouchers import Vouchers
from services.orders.ports.ways_to_pay import PayingAccount, PayingState, WaysToPay, WayToPay

__all__ = [
    "NEVER_MADE",
    "Act",
    "Acted",
    "Answer",
    "Buyer",
    "Catalogue",
    "Changed",
    "Customers",
    "Declined",
    "Done",
    "HeldSeats",
    "KeyInRecord",
    "Lease",
    "LeasedOrder",
    "Offer",
    "Operation",
    "OrderFilter",
    "OrderRef",
    "OrderStore",
    "PayingAccount",
    "PayingState",
    "PaymentSeen",
    "PaymentState",
    "Payments",
    "RefundAsked",
    "RefundSeen",
    "RefundStatus",
    "RequestKey",
    "SeatInventory",
    "Tick",
    "Ticketing",
    "Unanswered",
    "Vouchers",
    "WayToPay",
    "WaysToPay",
]
