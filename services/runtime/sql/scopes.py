"""Whose rows a connection is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class HouseScope:
    """The rows of one house."""

    house_id: str


@dataclass(frozen=True, slots=True)
class AllHouses:
    """The rows of every house, for work that serves them all; each `why` stands in a list (tests/architecture)."""

    why: str


Scope: TypeAlias = HouseScope | AllHouses
