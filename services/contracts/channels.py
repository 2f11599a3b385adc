"""How a sale reaches the house (R4). Names as in balcon.types.v1.Channel; for messages there is wire_types.py."""

from __future__ import annotations

from enum import Enum


class Channel(Enum):
    """The three ways of selling."""

    BOX_OFFICE = "BOX_OFFICE"
    ONLINE = "ONLINE"
    BACKEND = "BACKEND"
