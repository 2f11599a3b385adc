"""`balcon orders ...`: orders that people must look after, and a performance that is given back as a whole."""

from __future__ import annotations

from typing import Final

from balcon.orders.v1 import order_work_pb2

from services.console.house.command import Command, Subject

# Nameless: its commands are the group's own, such as `balcon orders stuck`.
ORDER_WORK: Final = Subject(
    "",
    "Orders that stand still, and performances that are given back.",
    "orders",
    order_work_pb2.DESCRIPTOR.services_by_name["OrderWorkService"],
    (
        Command(
            "stuck",
            "ListStuckOrders",
            "Lists orders that have tried in vain to go on: what they wait for, when they try again, what the provider "
            "said to their refunds, and what helps: `balcon orders try-now`, or `balcon house refund-task settle`.",
            columns=(
                "order_id",
                "performance_id",
                "state",
                "reason",
                "since_at",
                "failures",
                "next_try_at",
                "owed",
                "refunds",
                "remedies",
            ),
        ),
        Command("try-now", "TryOrderNow", "Lets an order try now.", arguments=("order_id",)),
        Command(
            "refund-performance",
            "StartPerformanceRefund",
            "Cancels the tickets of all orders of a performance and gives their money back, in the background.",
            arguments=("performance_id",),
        ),
        Command(
            "refunded-performances",
            "ListPerformanceRefunds",
            "Lists performances that are given back, the newest first.",
            columns=(
                "job_id",
                "performance_id",
                "state",
                "orders_left",
                "orders_acted",
                "refunds_done",
                "refunds_due",
                "refunds_stuck",
                "money_back",
            ),
        ),
        Command("refund-progress", "GetPerformanceRefund", "Shows how far one is.", arguments=("job_id",)),
        Command("pause-refund", "PausePerformanceRefund", "Takes no more orders on.", arguments=("job_id",)),
        Command("resume-refund", "ResumePerformanceRefund", "Goes on where it stood.", arguments=("job_id",)),
    ),
)
