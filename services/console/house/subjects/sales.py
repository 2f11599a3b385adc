"""What is sold: orders with their refunds, seats that are held or blocked, payments, and the figures of sales."""

from __future__ import annotations

from typing import Final

from balcon.inventory.v1 import inventory_service_pb2
from balcon.orders.v1 import order_acts_pb2, orders_service_pb2
from balcon.payments.v1 import payments_service_pb2
from balcon.reporting.v1 import reporting_service_pb2

from services.console.house.command import Command, Subject

ORDERS: Final = Subject(
    "order",
    "Orders, their cancellation and their refunds.",
    "orders",
    orders_service_pb2.DESCRIPTOR.services_by_name["OrdersService"],
    (
        Command("create", "CreateOrder", "Makes an order out of a hold, or of one for each of several performances."),
        Command(
            "exchange",
            "CreateOrder",
            "Makes an order out of a hold that tickets of another order are given for: what they are worth pays first.",
            arguments=("order_id",),
            names={"exchange.lines": "line", "exchange.keep_prices": "keep-prices"},
        ),
        Command(
            "reseat",
            "CreateOrder",
            "The same for other seats of the same category: each costs what was paid, whatever the list says now.",
            arguments=("order_id",),
            names={"exchange.lines": "line", "exchange.keep_prices": "keep-prices"},
            defaults={"keep_prices": True},
        ),
        Command("quote", "QuoteOrder", "Tells what seats would cost, and for how long."),
        Command("form", "UpdateOrderForm", "Answers the house's form with an order.", arguments=("order_id",)),
        Command("check-out", "CheckOut", "Claims an order's seats and asks for its payment.", arguments=("order_id",)),
        Command(
            "ways-to-pay",
            "ListPaymentMethods",
            "Lists where and how an order can be paid.",
            arguments=("order_id",),
            columns=("choice.provider_account_id", "choice.method", "name", "is_default", "least", "most"),
        ),
        Command(
            "list",
            "ListOrders",
            "Lists the orders, the newest first.",
            columns=("order_id", "performance_id", "state", "total", "refunded", "channel"),
        ),
        Command("show", "GetOrder", "Shows an order.", arguments=("order_id",)),
        Command("cancel", "CancelOrder", "Gives up an order that is not paid.", arguments=("order_id",)),
        Command("refund", "RefundOrder", "Gives the money of an order back.", arguments=("order_id",)),
    ),
)

ORDER_ACTS: Final = Subject(
    "line",
    "Lines of orders that were sold: money back, tickets cancelled, seats back on sale.",
    "orders",
    order_acts_pb2.DESCRIPTOR.services_by_name["OrderActsService"],
    (
        Command("refund", "RefundLines", "Gives money back for lines of an order.", arguments=("order_id",)),
        Command("cancel", "CancelLines", "Cancels tickets; money and seats stay.", arguments=("order_id",)),
        Command("release", "ReleaseLines", "Puts seats of cancelled lines back on sale.", arguments=("order_id",)),
    ),
)

SEATS: Final = Subject(
    "seat",
    "Seats of a performance: held, blocked, and how they stand.",
    "inventory",
    inventory_service_pb2.DESCRIPTOR.services_by_name["InventoryService"],
    (
        Command(
            "quotas",
            "GetQuotaFigures",
            "Shows how many each channel may still sell now, and why.",
            arguments=("performance_id",),
        ),
        Command("map", "GetSeatMap", "Shows how a performance's seats stand.", arguments=("performance_id",)),
        Command("block", "BlockSeats", "Takes seats out of the sale.", arguments=("performance_id",)),
        Command("unblock", "UnblockSeats", "Puts blocked seats on sale again.", arguments=("performance_id",)),
        Command(
            "blocks",
            "ListBlocks",
            "Lists a performance's blocked seats, and why.",
            arguments=("performance_id",),
            columns=("seat_id", "kind", "reason"),
        ),
        Command("hold", "HoldSeats", "Holds seats for a buyer.", arguments=("performance_id",)),
        Command("overbook", "OverbookSeats", "Holds seats beyond what quotas allow.", arguments=("performance_id",)),
        Command("best", "HoldBestAvailable", "Holds the best seats there are.", arguments=("performance_id",)),
        Command("extend", "ExtendHold", "Lets a hold live longer.", arguments=("performance_id", "hold_id")),
        Command("move", "MoveHold", "Moves a hold to other seats.", arguments=("performance_id", "hold_id")),
        Command("release", "ReleaseHold", "Ends a hold.", arguments=("performance_id", "hold_id")),
        Command("show", "GetHold", "Shows a hold.", arguments=("performance_id", "hold_id")),
    ),
)

PAYMENTS: Final = Subject(
    "payment",
    "Payments of orders.",
    "payments",
    payments_service_pb2.DESCRIPTOR.services_by_name["PaymentsService"],
    (Command("show", "GetPayment", "Shows a payment.", arguments=("payment_id",)),),
)

FIGURES: Final = Subject(
    "figures",
    "What has been sold.",
    "reporting",
    reporting_service_pb2.DESCRIPTOR.services_by_name["ReportingService"],
    (
        Command(
            "list",
            "ListTotals",
            "Lists the figures of each performance.",
            columns=(
                "performance_id",
                "capacity",
                "sold",
                "held",
                "free",
                "blocked",
                "reserved",
                "allotted",
                "reported_sold",
                "revenue",
            ),
        ),
        Command("show", "GetTotals", "Shows a performance's figures.", arguments=("performance_id",)),
    ),
)
