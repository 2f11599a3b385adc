"""Copies performances with a new start, one or a series of them (R2.4), and tells about each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from services.catalogue.domain.house import House
from services.catalogue.domain.performance import Performance, refused_code
from services.catalogue.domain.performance_copies import (
    MAX_SERIES,
    WeeklyRule,
    copy_of,
    members_of,
    refused_rule,
    starts_of_list,
    starts_of_rule,
)
from services.catalogue.domain.performance_events import PerformanceCreated, PerformanceUpdated
from services.catalogue.domain.performance_life import changed
from services.catalogue.domain.performance_series import CARRIED, MAX_CARRIED, carried
from services.catalogue.domain.refusals import PerformanceNotFound
from services.catalogue.handlers.once import once
from services.catalogue.handlers.performance_places import PerformancePlace, usable_place, usable_production
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.changes import refused_etag, refused_mask, refused_unset_etag
from services.contracts.instants import instant_text, refused_instant
from services.contracts.once import Asked
from services.contracts.texts import refused_idempotency_key
from services.runtime.clock import Clock
from services.runtime.errors import UNSET, FieldInvalid, Refusal, refused_fields
from services.runtime.ids import Ids, refused_key


@dataclass(frozen=True, slots=True)
class Series:
    """A source with its copies, by start."""

    series_id: str
    members: tuple[Performance, ...]


class PerformanceCopyHandler:
    """One transaction for each request, all of its events in it; nothing of sales, holds or figures is copied."""

    def __init__(self, store: CatalogueStore, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def copy(
        self, asked: Asked[Performance], house_id: str, source_id: str, starts_at_ms: int, code: str
    ) -> bytes | Refusal:
        """A draft, in wire form.

        Refusals: FieldInvalid, PerformanceNotFound, those of usable_place, CodeTaken, IdempotencyKeyReused.
        """
        checks = (
            *_ids_checked(house_id, source_id, asked.key),
            refused_instant("starts_at", starts_at_ms),
            refused_code(code),
        )
        if refusal := refused_fields(checks):
            return refusal

        async def act(transaction: CatalogueTransaction) -> Performance | Refusal:
            found = await _source(transaction, house_id, source_id)
            if isinstance(found, Refusal):
                return found
            source, house = found
            copy = copy_of(source, self._ids.new_id("prf"), house.time_zone, starts_at_ms, code=code)
            if isinstance(copy, list):
                return refused_fields(copy) or copy[0]
            if taken := await transaction.performances.add(copy):
                return taken
            await transaction.quotas.follow(house_id, source_id, [copy.performance_id])
            await transaction.publish(PerformanceCreated(copy))
            facts = {"source": source_id, "starts_at": instant_text(starts_at_ms)}
            await transaction.record_act(
                house_id, Act("performance.copied", "performance", copy.performance_id, facts=facts)
            )
            return copy

        return await once(self._store, house_id, asked, Performance, act)

    async def create_series(
        self, asked: Asked[Series], house_id: str, source_id: str, rule: WeeklyRule | Sequence[int] | None
    ) -> bytes | Refusal:
        """Copies by a weekly rule or at a list of starts, in wire form; the source joins their series.

        Refusals: FieldInvalid, PerformanceNotFound, those of usable_place, IdempotencyKeyReused.
        """
        checks = (*_ids_checked(house_id, source_id, asked.key), _refused_rule(rule))
        if refusal := refused_fields(checks):
            return refusal
        assert rule is not None

        async def act(transaction: CatalogueTransaction) -> Series | Refusal:
            found = await _source(transaction, house_id, source_id)
            if isinstance(found, Refusal):
                return found
            source, house = found
            zone = house.time_zone
            starts = (
                starts_of_rule(rule, zone, source) if isinstance(rule, WeeklyRule) else starts_of_list(rule, source)
            )
            if isinstance(starts, Refusal):
                return starts
            series_id = source.series_id or self._ids.new_id("ser")
            members = members_of(source, zone, starts, [self._ids.new_id("prf") for _ in starts], series_id)
            if isinstance(members, Refusal):
                return members
            return await _added(transaction, source, Series(series_id, tuple(members)))

        return await once(self._store, house_id, asked, Series, act)

    async def carry_on(
        self, house_id: str, model_id: str, named: Sequence[str], etag: str
    ) -> Sequence[Performance] | Refusal:
        """Gives the later members of its series the model's values of what is `named`; those that have changed.

        Refusals: FieldInvalid, PerformanceNotFound, EtagStale, ProductionArchived, those of details.update of a member.
        """
        checks = (
            refused_key("house_id", house_id),
            refused_key("performance_id", model_id),
            refused_mask(named, CARRIED, "carried_fields"),
            refused_unset_etag(etag),
        )
        if refusal := refused_fields(checks):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            model = await transaction.lock_performance(house_id, model_id)
            house = await transaction.house(house_id)
            if model is None or house is None:
                return PerformanceNotFound(model_id)
            if not model.series_id:
                return FieldInvalid("performance_id", "is in no series", "a performance of a series")
            if stale := refused_etag("performance", etag, model.revision):
                return stale
            production = await usable_production(transaction, house_id, model.production_id)
            if "production_id" in named and isinstance(production, Refusal):
                return production
            later = await transaction.performances.lock_series(
                house_id, model.series_id, model.starts_at_ms + 1, MAX_CARRIED
            )
            updated = carried(model, later, house.time_zone, named, self._clock.now_ms())
            if isinstance(updated, Refusal):
                return updated
            await _carried(transaction, model, updated, named)
            await transaction.commit()
            return [change.performance for change in updated]


async def _carried(
    transaction: CatalogueTransaction, model: Performance, updated: Sequence[PerformanceUpdated], named: Sequence[str]
) -> None:
    for change in updated:
        await transaction.performances.save(change.performance)
        told = change.performance
        if "production_id" in named:
            told = await transaction.quotas.now_of(told)
        await transaction.publish(dataclasses.replace(change, performance=told))
    if updated:
        facts = {
            "model": model.performance_id,
            "performances": str(len(updated)),
            "fields": ",".join(sorted(set(named))),
        }
        await transaction.record_act(model.house_id, Act("series.changed", "series", model.series_id, facts=facts))


async def _added(transaction: CatalogueTransaction, source: Performance, series: Series) -> Series:
    if not source.series_id:
        joined = changed(source, series_id=series.series_id)
        await transaction.performances.join(joined)
        await transaction.publish(PerformanceUpdated(joined, ("series_id",)))
    for member in series.members:
        await transaction.performances.add(member)
        await transaction.publish(PerformanceCreated(member))
    copies = [member.performance_id for member in series.members]
    await transaction.quotas.follow(source.house_id, source.performance_id, copies)
    facts = {"source": source.performance_id, "performances": str(len(series.members))}
    await transaction.record_act(source.house_id, Act("series.created", "series", series.series_id, facts=facts))
    return series


async def _source(
    transaction: CatalogueTransaction, house_id: str, source_id: str
) -> tuple[Performance, House] | Refusal:
    source = await transaction.lock_performance(house_id, source_id)
    if source is None:
        return PerformanceNotFound(source_id)
    place = PerformancePlace(house_id, source.hall_id, source.plan_version, source.production_id)
    found = await usable_place(transaction, place)
    return found if isinstance(found, Refusal) else (source, found.house)


def _refused_rule(rule: WeeklyRule | Sequence[int] | None) -> FieldInvalid | None:
    match rule:
        case None:
            return FieldInvalid("rule", UNSET, "weekly or starts")
        case WeeklyRule():
            return refused_rule(rule)
        case _ if not rule:
            return FieldInvalid("starts.starts_at", UNSET, f"1 to {MAX_SERIES} starts")
        case _:
            return None


def _ids_checked(house_id: str, source_id: str, key: str) -> tuple[FieldInvalid | None, ...]:
    return (
        refused_key("house_id", house_id),
        refused_key("performance_id", source_id),
        refused_idempotency_key(key),
    )
