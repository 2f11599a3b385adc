"""The read model of sales, and the book of what was told of it, in one transaction of a house."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from services.contracts.acts import Act
from services.integrations.podiumkunst.domain.figures import OfficeKind, ReportsItself, SellerSales
from services.integrations.podiumkunst.domain.telling import LastTold, Part, Telling


@dataclass(frozen=True, slots=True)
class Linked:
    """A number and the house's performance that it is. `starts_at_ms` 0 and `title` '': nothing was told of it yet."""

    number: str
    performance_id: str
    code: str = ""
    title: str = ""
    starts_at_ms: int = 0
    is_cancelled: bool = False
    # In the platform's words, such as cancellation; '' where its list does not have the number.
    platform_status: str = ""


@dataclass(frozen=True, slots=True)
class Allotted:
    """An allotment of which seats were reported sold."""

    allotment_id: str
    office_id: str
    kind: OfficeKind
    reported_sold: int


@dataclass(frozen=True, slots=True)
class Known:
    """What the read model knows of one performance."""

    sales: Sequence[SellerSales] = ()
    reserved: int = 0
    blocked: int = 0
    allotments: Sequence[Allotted] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """Who tells the platform itself. `version` grows with each change."""

    reports_itself: ReportsItself
    version: int


@dataclass(frozen=True, slots=True)
class ToldLine:
    """How one part of a number stands. `told` None: the platform has taken nothing of it yet."""

    number: str
    performance_id: str
    part: Part
    put_at_ms: int
    told: Telling | None
    told_at_ms: int
    answered_at_ms: int
    answer: str
    outcome: str


class FigureTransaction(Protocol):
    """Without commit() nothing happened."""

    @property
    def now_ms(self) -> int: ...

    async def lock(self) -> None:
        """Whoever puts figures of this house out waits for this transaction: nobody puts older ones out after it."""
        ...

    async def linked(
        self, *, after: str = "", limit: int = 0, performance_id: str = "", numbers: Collection[str] = ()
    ) -> Sequence[Linked]:
        """By number; `limit` 0: all."""
        ...

    async def unlinked(self, limit: int) -> Sequence[Linked]:
        """The house's performances without a number, by start."""
        ...

    async def known(self, performance_ids: Collection[str]) -> Mapping[str, Known]:
        """Of each of them, whether anything was sold or not."""
        ...

    async def rules(self, *, lock: bool = False) -> Rules:
        """In version 0 where the house has said nothing."""
        ...

    async def save_rules(self, rules: Rules) -> None:
        """In place of those before."""
        ...

    async def ranks(self, hall_id: str) -> Mapping[str, int]:
        """Price categories by the rank that the house has given them (R0.15)."""
        ...

    async def last(self, numbers: Collection[str]) -> Mapping[tuple[str, Part], LastTold]:
        """What was put out last, and taken."""
        ...

    async def put(self, tellings: Sequence[Telling]) -> None:
        """Into the queue, in place of what waits of the same part and number."""
        ...

    async def told(self, numbers: Collection[str]) -> Sequence[ToldLine]:
        """By number and part."""
        ...

    def record_act(self, act: Act) -> None:
        """Goes out with the commit."""
        ...

    async def commit(self) -> None:
        """The last call: what was done is to stay."""
        ...


class FigureStore(Protocol):
    """Every call may raise StoreUnavailable."""

    def transaction(self, house_id: str) -> AbstractAsyncContextManager[FigureTransaction]:
        """Over what belongs to the house. Undone unless commit()."""
        ...


class ToldBook(Protocol):
    """For whoever tells. Every call may raise StoreUnavailable."""

    async def is_linked(self, house_id: str, number: str, performance_id: str) -> bool:
        """Whether figures of the performance may go out under the number now (R0.6)."""
        ...

    async def answered(self, house_id: str, telling: Telling, outcome: str, note: str, *, has_it: bool) -> None:
        """What the platform said to it; `has_it`: it has taken the figures."""
        ...
