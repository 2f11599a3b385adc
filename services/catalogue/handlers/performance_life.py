"""Publishes performances, opens and closes their sale, moves, cancels and archives them, and tells about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.catalogue.domain import performance_life as life
from services.catalogue.domain.house import House
from services.catalogue.domain.performance import Performance
from services.catalogue.domain.performance_events import PerformanceEvent
from services.catalogue.domain.refusals import PerformanceNotFound
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.bounds import MAX_REASON_CHARS
from services.contracts.changes import refused_unset_etag
from services.contracts.instants import instant_text, refused_instant
from services.contracts.texts import refused_text
from services.runtime.access.refusals import HouseNotFound
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, Refusal, refused_fields
from services.runtime.ids import refused_key

Decided = PerformanceEvent | Refusal | None


class PerformanceLifeHandler:
    """One transaction for each change, its event and its act in it. What changes nothing is answered as it stands.

    All refuse with FieldInvalid and PerformanceNotFound; what else, each domain function of the same name says.
    """

    def __init__(self, store: CatalogueStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def open_for_sale(self, house_id: str, performance_id: str) -> Performance | Refusal:
        """Opening twice is fine: one event, the same answer."""
        act = Act("performance.opened_for_sale", "performance", performance_id)
        return await self._change(house_id, act, lambda found: life.open_for_sale(found, self._clock.now_ms()))

    async def close_sale(self, house_id: str, performance_id: str) -> Performance | Refusal:
        """Closing twice is fine."""
        return await self._change(
            house_id, Act("performance.sale_closed", "performance", performance_id), life.close_sale
        )

    async def publish(self, house_id: str, performance_id: str, published_at_ms: int) -> Performance | Refusal:
        """From a later instant on, or 0: from now on."""
        fault = refused_instant("published_at", published_at_ms, may_be_unset=True)
        facts = {"published_at": instant_text(published_at_ms)} if published_at_ms else {}
        act = Act("performance.published", "performance", performance_id, facts=facts)
        return await self._change(
            house_id, act, lambda found: life.publish(found, self._clock.now_ms(), published_at_ms), fault
        )

    async def hide(self, house_id: str, performance_id: str) -> Performance | Refusal:
        """Hiding twice is fine."""
        return await self._change(house_id, Act("performance.hidden", "performance", performance_id), life.hide)

    async def cancel(self, house_id: str, performance_id: str, reason: str, etag: str) -> Performance | Refusal:
        """Cancelling twice is fine: the first reason stays."""
        fault = refused_text("reason", reason, at_most=MAX_REASON_CHARS)
        act = Act("performance.cancelled", "performance", performance_id, reason=reason)
        return await self._change(house_id, act, lambda found: life.cancel(found, self._clock.now_ms(), etag), fault)

    async def archive(self, house_id: str, performance_id: str, etag: str) -> Performance | Refusal:
        """Archiving twice is fine."""
        act = Act("performance.archived", "performance", performance_id)
        return await self._change(
            house_id,
            act,
            lambda found: life.archive(found, self._clock.now_ms(), etag),
            refused_unset_etag(etag),
        )

    async def move(
        self, house_id: str, performance_id: str, to: life.NewDate, *, reason: str, etag: str
    ) -> Performance | Refusal:
        """R2.10. Refusals also: HouseNotFound, EtagStale."""
        faults = (
            refused_instant("starts_at", to.starts_at_ms),
            refused_instant("refund_until_at", to.refund_until_ms, may_be_unset=True),
            refused_text("reason", reason, at_most=MAX_REASON_CHARS),
            refused_unset_etag(etag),
        )

        async def decide(transaction: CatalogueTransaction, found: Performance) -> Decided:
            if stale := life.stale(found, etag):
                return stale
            house: House | None = await transaction.house(house_id)
            if house is None:
                return HouseNotFound(house_id)
            return life.move(found, house.time_zone, self._clock.now_ms(), to)

        facts = {"starts_at": instant_text(to.starts_at_ms)}
        if to.refund_until_ms:
            facts["refund_until_at"] = instant_text(to.refund_until_ms)
        act = Act("performance.moved", "performance", performance_id, reason=reason, facts=facts)
        return await self._decided(house_id, act, decide, faults)

    async def _change(
        self,
        house_id: str,
        act: Act,
        decide: Callable[[Performance], Decided],
        *faults: FieldInvalid | None,
    ) -> Performance | Refusal:
        async def decide_at_once(_: CatalogueTransaction, found: Performance) -> Decided:
            return decide(found)

        return await self._decided(house_id, act, decide_at_once, faults)

    async def _decided(
        self,
        house_id: str,
        act: Act,
        decide: Callable[[CatalogueTransaction, Performance], Awaitable[Decided]],
        faults: tuple[FieldInvalid | None, ...],
    ) -> Performance | Refusal:
        checks = (refused_key("house_id", house_id), refused_key("performance_id", act.thing_id), *faults)
        if refusal := refused_fields(checks):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.lock_performance(house_id, act.thing_id)
            if found is None:
                return PerformanceNotFound(act.thing_id)
            happened = await decide(transaction, found)
            if happened is None:
                return found
            if isinstance(happened, Refusal):
                return happened
            if taken := await transaction.performances.save(happened.performance):
                return taken
            await transaction.publish(happened)
            await transaction.record_act(house_id, act)
            await transaction.commit()
            return happened.performance
