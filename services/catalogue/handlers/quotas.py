"""Makes, changes and archives quotas (R4), and tells their terms to the owners of the performances' seats."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.catalogue.domain.kept import Kept
from services.catalogue.domain.performance import Performance
from services.catalogue.domain.performance_events import PerformanceUpdated
from services.catalogue.domain.production import Production
from services.catalogue.domain.quota import CHANGEABLE, Quota, numbered, parts_of, refused_quota
from services.catalogue.domain.quota_checks import Beside, refused_beside
from services.catalogue.domain.quotas import changed_terms
from services.catalogue.domain.refusals import (
    PriceThingArchived,
    PriceThingNotFound,
    PriceThingTaken,
    ProductionArchived,
    ProductionNotFound,
)
from services.catalogue.handlers.once import once
from services.catalogue.handlers.price_things import ThingChange, ThingPage
from services.catalogue.ports.quotas import QuotaFilter
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.changes import refused_change, refused_etag, refused_unset_etag
from services.contracts.once import Asked
from services.contracts.pages import asked_page, fitting, token_after
from services.contracts.quotas import QuotaPercentages
from services.contracts.texts import refused_idempotency_key
from services.runtime.access.refusals import HouseNotFound
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, Refusal, refused_fields
from services.runtime.ids import refused_key

_SORT: Final = "quota"
# What the sale's beginning is looked at for: a name may change late.
_OF_HOURS: Final = frozenset({"presale_hours", "performance_ids", "rules", "size"})


@dataclass(frozen=True, slots=True)
class _Stage:
    """A production that was locked, its performances to come, and its quotas."""

    production: Production
    performances: Sequence[Performance]
    quotas: Sequence[Kept[Quota]]


class QuotaHandler:
    """One transaction for each change, its act and the events of all performances that it is of in it."""

    def __init__(self, store: CatalogueStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def create(self, asked: Asked[Kept[Quota]], house_id: str, quota_id: str, body: Quota) -> bytes | Refusal:
        """In wire form. Refusals: FieldInvalid, HouseNotFound, ProductionNotFound, ProductionArchived, PriceThingTaken,
        IdempotencyKeyReused.
        """
        rules = numbered((), body.rules)
        checks = (
            refused_key("house_id", house_id),
            refused_quota(quota_id, body),
            rules if isinstance(rules, FieldInvalid) else None,
            refused_idempotency_key(asked.key),
        )
        if refusal := refused_fields(checks):
            return refusal
        assert not isinstance(rules, FieldInvalid)
        new = Kept(house_id, quota_id, dataclasses.replace(body, rules=rules), self._clock.now_ms())

        async def act(transaction: CatalogueTransaction) -> Kept[Quota] | Refusal:
            if await transaction.house(house_id) is None:
                return HouseNotFound(house_id)
            stage = await self._stage(transaction, house_id, body.production_id)
            if isinstance(stage, Refusal):
                return stage
            if stage.production.archived_at_ms is not None:
                return ProductionArchived(body.production_id)
            if refused := await self._refused(transaction, stage, new, None, CHANGEABLE):
                return refused
            made = await transaction.quotas.add(house_id, quota_id, new.body)
            if made is None:
                return PriceThingTaken(_SORT, quota_id)
            await self._tell(transaction, stage, made, "created", {})
            return made

        return await once(self._store, house_id, asked, Kept, act)

    async def get(self, house_id: str, quota_id: str) -> Kept[Quota] | Refusal:
        """Refusals: FieldInvalid, PriceThingNotFound."""
        if refusal := refused_fields((refused_key("house_id", house_id), refused_key("quota_id", quota_id))):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            return await transaction.quotas.get(house_id, quota_id) or PriceThingNotFound(_SORT, quota_id)

    async def page(
        self, house_id: str, wanted: QuotaFilter, page_size: int, page_token: str
    ) -> ThingPage[Quota] | Refusal:
        """A page by creation. Refusals: FieldInvalid. A house that is unknown has none."""
        checks = (
            refused_key("house_id", house_id),
            refused_key("production_id", wanted.production_id) if wanted.production_id else None,
            refused_key("performance_id", wanted.performance_id) if wanted.performance_id else None,
        )
        asked = asked_page(page_size, page_token, house_id, *checks)
        if isinstance(asked, FieldInvalid):
            return asked
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.quotas.page(house_id, wanted, asked.after, asked.size + 1)
        page = found[: min(asked.size, fitting(parts_of(quota.body) for quota in found))]
        more = len(found) > len(page)
        return ThingPage(page, token_after(house_id, page[-1].thing_id, page[-1].created_at_ms) if more else "")

    async def update(self, house_id: str, change: ThingChange[Quota]) -> Kept[Quota] | Refusal:
        """Refusals: FieldInvalid, PriceThingNotFound, PriceThingArchived, EtagStale."""
        checks = (
            refused_key("house_id", house_id),
            _refused_of(change),
            refused_change(change.etag, change.named, CHANGEABLE),
        )
        if refusal := refused_fields(checks):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            found = await self._locked(transaction, house_id, change.thing_id)
            if isinstance(found, Refusal):
                return found
            stage, quota = found
            changed = _changed(quota, change)
            if isinstance(changed, Refusal):
                return changed
            if refused := await self._refused(transaction, stage, changed, quota, frozenset(change.named)):
                return refused
            await transaction.quotas.save(changed)
            facts = {"fields": ",".join(sorted(set(change.named)))}
            facts |= dict(_numbers_changed(quota.body, changed.body))
            await self._tell(transaction, stage, changed, "changed", facts)
            await transaction.commit()
            return changed

    async def archive(self, house_id: str, quota_id: str, etag: str) -> Kept[Quota] | Refusal:
        """Archiving twice is fine. Refusals: FieldInvalid, PriceThingNotFound, EtagStale."""
        checks = refused_key("house_id", house_id), refused_key("quota_id", quota_id), refused_unset_etag(etag)
        if refusal := refused_fields(checks):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            found = await self._locked(transaction, house_id, quota_id)
            if isinstance(found, Refusal):
                return found
            stage, quota = found
            if quota.archived_at_ms:
                return quota
            if stale := refused_etag(_SORT, etag, quota.revision):
                return stale
            archived = dataclasses.replace(quota, archived_at_ms=self._clock.now_ms(), revision=quota.revision + 1)
            await transaction.quotas.save(archived)
            await self._tell(transaction, stage, archived, "archived", {})
            await transaction.commit()
            return archived

    async def _locked(
        self, transaction: CatalogueTransaction, house_id: str, quota_id: str
    ) -> tuple[_Stage, Kept[Quota]] | Refusal:
        """A quota's production never changes, and its lock makes changes of its quotas take turns."""
        known = await transaction.quotas.get(house_id, quota_id)
        if known is None:
            return PriceThingNotFound(_SORT, quota_id)
        stage = await self._stage(transaction, house_id, known.body.production_id)
        quota = await transaction.quotas.get(house_id, quota_id, lock=True)
        assert quota is not None, "quotas are never deleted"
        return stage if isinstance(stage, Refusal) else (stage, quota)

    async def _stage(
        self, transaction: CatalogueTransaction, house_id: str, production_id: str
    ) -> _Stage | ProductionNotFound:
        # Performances before their production, as whoever changes or copies one of them locks the two.
        await transaction.performances.lock_shown(house_id, production_id)
        production = await transaction.productions.lock(house_id, production_id)
        if production is None:
            return ProductionNotFound(production_id)
        to_come = await transaction.performances.lock_to_come(house_id, production_id, self._clock.now_ms())
        return _Stage(production, to_come, await transaction.quotas.of_production(house_id, production_id))

    async def _refused(
        self,
        transaction: CatalogueTransaction,
        stage: _Stage,
        quota: Kept[Quota],
        before: Kept[Quota] | None,
        named: frozenset[str],
    ) -> FieldInvalid | None:
        house_id, its = quota.house_id, [one for one in stage.performances if _is_of(quota, one)]
        plans = {(one.hall_id, one.plan_version) for one in its}
        places = {plan: await transaction.plans.places(house_id, *plan) for plan in sorted(plans)}
        others = [other for other in stage.quotas if other.thing_id != quota.thing_id]
        book = await transaction.price_things.book(house_id)
        beside = Beside(its, places, others, frozenset(book.ticket_types))
        unknown = _unknown_performances(stage, quota.body, before.body if before else None)
        return refused_fields((*unknown, refused_beside(quota, beside, hours_are_new=bool(named & _OF_HOURS))))

    @staticmethod
    async def _tell(
        transaction: CatalogueTransaction, stage: _Stage, quota: Kept[Quota], done: str, facts: dict[str, str]
    ) -> None:
        """The act, and the performances whose terms are others now: each in its next revision, with its event."""
        after = [_with(performance, quota) for performance in stage.performances]
        changed = [
            dataclasses.replace(one, revision=one.revision + 1) for one in changed_terms(stage.performances, after)
        ]
        if changed:
            await transaction.performances.revise(quota.house_id, [one.performance_id for one in changed])
        for one in changed:
            await transaction.publish(PerformanceUpdated(one, ("quotas",)))
        facts = {"production": quota.body.production_id, "performances": str(len(changed)), **facts}
        await transaction.record_act(quota.house_id, Act(f"{_SORT}.{done}", _SORT, quota.thing_id, facts=facts))


def _numbers_changed(before: Quota, after: Quota) -> Iterator[tuple[str, str]]:
    """What the house may be asked about one day: by how much more or less could be sold."""
    names = [field.name for field in dataclasses.fields(QuotaPercentages)]
    pairs = [(name, before, after) for name in ("size", "presale_hours")]
    pairs += [(name, before.percentages, after.percentages) for name in names]  # type: ignore[misc]
    for name, old, new in pairs:
        was, now = (getattr(one, name) for one in (old, new))
        if was != now:
            yield name, f"{'unset' if was is None else was} -> {'unset' if now is None else now}"


def _is_of(quota: Kept[Quota], performance: Performance) -> bool:
    return not quota.body.performance_ids or performance.performance_id in quota.body.performance_ids


def _with(performance: Performance, quota: Kept[Quota]) -> Performance:
    """The performance with the quota as it is now."""
    others = [one for one in performance.quotas if one.thing_id != quota.thing_id]
    now = [quota] if _is_of(quota, performance) and not quota.archived_at_ms else []
    in_order = sorted((*others, *now), key=lambda one: (one.created_at_ms, one.thing_id))
    return dataclasses.replace(performance, quotas=tuple(in_order))


def _changed(quota: Kept[Quota], change: ThingChange[Quota]) -> Kept[Quota] | Refusal:
    if stale := refused_etag(_SORT, change.etag, quota.revision):
        return stale
    if quota.archived_at_ms:
        return PriceThingArchived(_SORT, quota.thing_id)
    new = {name: getattr(change.body, name) for name in change.named}
    if new.get("production_id", quota.body.production_id) != quota.body.production_id:
        limit = f"{quota.body.production_id}; make another quota"
        return FieldInvalid("quota.production_id", "never changes", limit)
    if "rules" in new:
        rules = numbered(quota.body.rules, new["rules"])
        if isinstance(rules, FieldInvalid):
            return rules
        new["rules"] = rules
    body = dataclasses.replace(quota.body, **new)
    # Copies have joined it: of more performances than a request may name it may be.
    checked = body if "performance_ids" in new else dataclasses.replace(body, performance_ids=())
    return refused_quota(quota.thing_id, checked) or dataclasses.replace(quota, body=body, revision=quota.revision + 1)


def _refused_of(change: ThingChange[Quota]) -> FieldInvalid | None:
    """What is wrong with the fields that are to change."""
    wrong = refused_quota(change.thing_id, change.body)
    if wrong is None:
        return None
    named = ("quota.quota_id", *(f"quota.{name}" for name in change.named if name != "size"))
    told = (*named, *(["quota.size"] if "size" in change.named and change.body.size else []))
    return refused_fields(
        fault
        for fault in (wrong, *wrong.others)
        if fault.field in told or fault.field.startswith(tuple(f"{name}{end}" for name in named for end in ".["))
    )


def _unknown_performances(stage: _Stage, quota: Quota, before: Quota | None) -> list[FieldInvalid]:
    known = {one.performance_id for one in stage.performances} | set(before.performance_ids if before else ())
    limit = f"performances of production {quota.production_id} that are not over"
    return [
        FieldInvalid(f"quota.performance_ids[{place}]", f"{performance_id!r} is none of them", limit)
        for place, performance_id in enumerate(quota.performance_ids)
        if performance_id not in known
    ]
