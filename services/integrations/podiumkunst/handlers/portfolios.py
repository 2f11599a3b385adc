"""What the productions of a house's portfolio have sold everywhere: asked for by hand and by a schedule (R0.4)."""

from __future__ import annotations

from collections.abc import Sequence

from services.integrations.podiumkunst.domain.connection import Look, LookAnswer
from services.integrations.podiumkunst.domain.portfolio import Portfolio, PortfolioView, ProductionLook, seen
from services.integrations.podiumkunst.handlers.looks import look_of
from services.integrations.podiumkunst.ports.accounts import Accounts
from services.integrations.podiumkunst.ports.platform import NotTold, PlatformReader
from services.integrations.podiumkunst.ports.transaction import LinksStore
from services.runtime.clock import Clock

_NEVER = Look(LookAnswer.OFF, "not looked at yet", 0, 0)


class PortfolioHandler:
    """The portfolio is the productions of which the house has linked a performance.

    `spacing_seconds`: between two questions.
    """

    def __init__(
        self,
        store: LinksStore,
        accounts: Accounts,
        platform: PlatformReader,
        clock: Clock,
        *,
        spacing_seconds: float,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._platform = platform
        self._clock = clock
        self._spacing_seconds = spacing_seconds

    async def view(self, house_id: str, view: PortfolioView, production: str = "") -> Portfolio:
        """As the platform told it last."""
        async with self._store.transaction(house_id) as transaction:
            wanted = [one for one in await transaction.links.productions() if production in ("", one)]
            figures = await transaction.portfolios.figures(production)
            looks = await transaction.portfolios.looks(wanted)
        return Portfolio(seen(figures, view), [looks.get(one, ProductionLook(one, _NEVER)) for one in wanted])

    async def fetch(self, house_id: str, *, at_most: int | None = None) -> Sequence[ProductionLook]:
        """Asks now, one production after the other; who is locked out, or hears nothing, asks no further.

        `at_most`: of so many, those first that were looked at the longest ago; all are told as they stand.
        """
        async with self._store.transaction(house_id) as transaction:
            wanted = await transaction.links.productions()
            before = await transaction.portfolios.looks(wanted)
        looks: list[ProductionLook] = []
        oldest = sorted(wanted, key=lambda one: before[one].look.looked_at_ms if one in before else 0)
        for place, production in enumerate(oldest[:at_most]):
            if place:
                await self._clock.sleep(self._spacing_seconds)
            looks.append(await self._fetch_one(house_id, production))
            if looks[-1].look.answer in (LookAnswer.OFF, LookAnswer.LOCKED, LookAnswer.SILENT):
                break
        async with self._store.transaction(house_id) as transaction:
            known = await transaction.portfolios.looks(wanted)
        fresh = {one.production_id: one for one in looks}
        return [fresh.get(one) or known.get(one, ProductionLook(one, _NEVER)) for one in wanted]

    async def _fetch_one(self, house_id: str, production: str) -> ProductionLook:
        account = await self._accounts.account(house_id)
        told = None if account is None else await self._platform.sales(account, production)
        async with self._store.transaction(house_id) as transaction:
            before = (await transaction.portfolios.looks([production])).get(production)
            look = look_of(told, self._clock.now_ms(), 0 if before is None else before.look.told_at_ms)
            if told is None or isinstance(told, NotTold):
                found = ProductionLook(production, look, before is None or before.adds_up)
                await transaction.portfolios.looked(found)
            else:
                found = ProductionLook(production, look, all(one.adds_up for one in told.theatres))
                await transaction.portfolios.keep(told, found)
            await transaction.commit()
        return found
