"""Refunds that a provider refuses, and what people of the house do about them."""

from __future__ import annotations

from typing import Final

from balcon.payments.v1 import refund_tasks_pb2

from services.console.house.command import Command, Subject

_SERVICE: Final = refund_tasks_pb2.DESCRIPTOR.services_by_name["RefundTasksService"]

REFUND_TASKS: Final = Subject(
    "refund-task",
    "Refunds that the provider refuses: money that the house owes.",
    "payments",
    _SERVICE,
    (
        Command(
            "list",
            "ListRefundTasks",
            "Lists the refunds that wait for people.",
            columns=("payment_id", "order_id", "refund"),
        ),
        Command(
            "settle",
            "SettleRefund",
            "Ends one: given by hand, as a voucher, or asked for once more.",
            arguments=("payment_id", "refund_key"),
        ),
    ),
)
