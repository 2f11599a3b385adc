"""What a demo sale can lose in the middle, as the option of the command names it."""

from __future__ import annotations

from enum import Enum


class Victim(Enum):
    """Services that --kill can crash."""

    INVENTORY = "inventory"
    ORDERS = "orders"
    PAYMENTS = "payments"
    REPORTING = "reporting"
