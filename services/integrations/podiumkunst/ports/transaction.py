"""One transaction over a house's connection, list, links, halls and portfolio: all or nothing, acts included."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from services.contracts.acts import Act
from services.contracts.pages import Place
from services.integrations.podiumkunst.domain.connection import Connection, Look
from services.integrations.podiumkunst.domain.hall_mapping import HallMapping
from services.integrations.podiumkunst.domain.linkable import LineFilter
from services.integrations.podiumkunst.domain.platform import PlatformPerformance, ProductionSales, Theatre
from services.integrations.podiumkunst.domain.portfolio import Figure, ProductionLook
from services.integrations.podiumkunst.domain.show import Link, Show


@dataclass(frozen=True, slots=True)
class Listed:
    """A performance as the platform told it last. `gone_at_ms` None: it is in its list."""

    performance: PlatformPerformance
    gone_at_ms: int | None = None

    @property
    def is_gone(self) -> bool:
        """Whether it is listed no more."""
        return self.gone_at_ms is not None


class Connections(Protocol):
    """The house's connection."""

    async def find(self, *, lock: bool = False) -> Connection:
        """One that is off, in revision 0, where the house has none."""
        ...

    async def save(self, connection: Connection, client_secret: str | None) -> None:
        """None: the secret that is there stays; '' removes it. What is on is looked at soon."""
        ...

    async def looked(self, look: Look) -> None:
        """Keeps how a look at the list ended; nothing of it is an update."""
        ...


class PlatformRows(Protocol):
    """The platform's performances as they are kept."""

    async def all(self) -> Mapping[str, Listed]:
        """By number, those that are listed no more as well."""
        ...

    async def keep(self, performances: Sequence[PlatformPerformance]) -> None:
        """New ones, and those of which something is other; they are listed."""
        ...

    async def lose(self, numbers: Collection[str]) -> None:
        """They are listed no more."""
        ...

    async def find(self, numbers: Collection[str]) -> Mapping[str, Listed]:
        """Those that were ever told."""
        ...

    async def unlinked(self, wanted: LineFilter, after: Place | None, limit: int) -> Sequence[Listed]:
        """By wall time and number."""
        ...

    async def unlinked_between(self, from_wall_ms: int, until_wall_ms: int) -> Sequence[PlatformPerformance]:
        """That may be linked and are not."""
        ...

    async def count(self, wanted: LineFilter) -> int:
        """How many unlinked() has in all."""
        ...

    async def at_the_same_time(self, lines: Sequence[PlatformPerformance]) -> Sequence[PlatformPerformance]:
        """Listed numbers at the same theatres and wall times, these among them."""
        ...

    async def theatres(self) -> Sequence[tuple[Theatre, str]]:
        """Each theatre and location that is listed, once."""
        ...


@dataclass(frozen=True, slots=True)
class ShowFilter:
    """Of lists of the house's performances."""

    text: str = ""
    from_ms: int | None = None
    until_ms: int | None = None
    with_linked: bool = False


class Shows(Protocol):
    """Copies of the house's performances."""

    async def find(self, performance_ids: Collection[str]) -> Mapping[str, Show]:
        """Those that are known."""
        ...

    async def by_code(self, code: str) -> Show | None:
        """The house's own code of it."""
        ...

    async def keep(self, show: Show) -> None:
        """As the catalogue says it now; an event that came is newer."""
        ...

    async def page(self, wanted: ShowFilter, after: Place | None, limit: int) -> Sequence[tuple[Show, str]]:
        """By start, each with the number that it is linked to. Without archived ones."""
        ...

    async def unlinked_between(self, from_ms: int, until_ms: int) -> Sequence[Show]:
        """That begin then and have no number."""
        ...

    async def prices(self, hall_ids: Collection[str]) -> Mapping[str, Mapping[str, int]]:
        """The dearest of each category that is priced in a hall."""
        ...


class Links(Protocol):
    """Links of the house, one for a number and one for a performance at most."""

    async def lock(self) -> None:
        """Whoever links in this house waits for this transaction."""
        ...

    async def by_numbers(self, numbers: Collection[str]) -> Mapping[str, Link]:
        """Those that are linked."""
        ...

    async def by_performances(self, performance_ids: Collection[str]) -> Mapping[str, Link]:
        """Likewise, by performance."""
        ...

    async def add(self, link: Link) -> None:
        """Neither is linked. Who exchanges figures hears of it (R0.10)."""
        ...

    async def remove(self, link: Link) -> None:
        """Likewise."""
        ...

    async def page(self, after: Place | None, limit: int) -> Sequence[Link]:
        """By number."""
        ...

    async def count(self) -> int:
        """How many there are."""
        ...

    async def productions(self) -> Sequence[str]:
        """Of the linked numbers: the house's portfolio."""
        ...


class HallMappings(Protocol):
    """What halls are on the platform."""

    async def find(self, hall_id: str, *, lock: bool = False) -> HallMapping:
        """One that is not mapped, in revision 0, where nobody has said it."""
        ...

    async def all(self) -> Mapping[str, HallMapping]:
        """By hall."""
        ...

    async def save(self, mapping: HallMapping) -> None:
        """Adds or replaces it."""
        ...


class Portfolios(Protocol):
    """What the platform told of productions."""

    async def keep(self, sales: ProductionSales, look: ProductionLook) -> None:
        """In place of what was told before."""
        ...

    async def looked(self, look: ProductionLook) -> None:
        """Nothing was told; the figures from before stand."""
        ...

    async def figures(self, production: str = "") -> Sequence[Figure]:
        """Of productions of which a number is linked; '': of all of them."""
        ...

    async def looks(self, productions: Collection[str]) -> Mapping[str, ProductionLook]:
        """Those that were looked at."""
        ...


class LinksTransaction(Protocol):
    """Without commit() nothing happened."""

    @property
    def now_ms(self) -> int:
        """When it began, unix milliseconds."""
        ...

    @property
    def connections(self) -> Connections: ...

    @property
    def platform(self) -> PlatformRows: ...

    @property
    def shows(self) -> Shows: ...

    @property
    def links(self) -> Links: ...

    @property
    def halls(self) -> HallMappings: ...

    @property
    def portfolios(self) -> Portfolios: ...

    async def zone(self) -> str | None:
        """The house's; None: nothing was told of the house yet."""
        ...

    async def keep_zone(self, zone: str) -> None:
        """As accounts says it now."""
        ...

    def record_act(self, act: Act) -> None:
        """Goes out with the commit."""
        ...

    async def commit(self) -> None:
        """The last call: what was done is to stay."""
        ...


class LinksStore(Protocol):
    """Every call may raise StoreUnavailable."""

    def transaction(self, house_id: str) -> AbstractAsyncContextManager[LinksTransaction]:
        """Over what belongs to the house. Undone unless commit()."""
        ...

    async def lease_lists(self, limit: int, now_ms: int, next_ms: int) -> Sequence[str]:
        """Houses whose list is due, which is due again then: nobody else fetches it meanwhile."""
        ...

    async def lease_portfolios(self, limit: int, now_ms: int, next_ms: int) -> Sequence[str]:
        """Likewise, for the portfolio."""
        ...
