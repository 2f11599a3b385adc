"""Exchanges of an order as one document, and back."""

from __future__ import annotations

from typing import Any

import msgspec

from services.orders.domain.exchanges import Exchange, GivenLines
from services.orders.domain.order import Order


def exchange_column(order: Order) -> dict[str, Any] | None:
    """What is given for the order, and what it gives; None: neither."""
    if order.exchange is None and not order.given:
        return None
    return {"of": msgspec.to_builtins(order.exchange), "given": msgspec.to_builtins(order.given)}


def exchange_of(document: dict[str, Any] | None) -> Exchange | None:
    """The lines that are given for the order."""
    return msgspec.convert(document["of"], Exchange | None) if document else None


def given_of(document: dict[str, Any] | None) -> tuple[GivenLines, ...]:
    """What of the order is given for others."""
    return msgspec.convert(document["given"], tuple[GivenLines, ...]) if document else ()
