"""How a house's paper looks, as the house has said it; what it has not said is empty."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PaperStyle:
    """Fields are named as on the wire. `stocks` are JSON, as they were written."""

    primary_color: str = ""
    accent_color: str = ""
    address_lines: tuple[str, ...] = ()
    conditions: str = ""
    logo: bytes = b""
    stocks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptStyle:
    """The style in its revision, 0 of a house that has never said anything."""

    style: PaperStyle
    revision: int
