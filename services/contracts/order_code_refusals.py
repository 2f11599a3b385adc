"""Why a number and a code open no order. Ticketing says it, orders passes it on. Neither number nor code is in any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class OrderCodeWrong(Refusal):
    """No order has this number and a ticket with this code."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
