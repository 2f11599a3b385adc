"""The stocks that come with Balcon, in the same form as a house's own."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from services.ticketing.paper.stock import Stock
from services.ticketing.paper.stock_parser import parsed_stock

# One or three on A4, a portrait stock for ticket printers, and two with a stub at the right.
SHIPPED: Final = ("a4", "a4-3", "80x200", "152x54", "140x51")
DEFAULT_STOCK: Final = "a4"


def shipped_source(name: str) -> bytes:
    """The JSON of a stock that comes with Balcon: a start for a house's own."""
    assert name in SHIPPED
    return (files("services.ticketing.paper") / "stocks" / f"{name}.json").read_bytes()


@cache
def shipped_stock(name: str) -> Stock | None:
    """A stock that comes with Balcon, None for another name."""
    if name not in SHIPPED:
        return None
    stock = parsed_stock("stock", shipped_source(name))
    assert isinstance(stock, Stock), f"{name}: {stock}"
    return stock
