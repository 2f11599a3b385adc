"""Questions of a house, and how it wants them answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.acts import Act
from services.contracts.changes import refused_etag
from services.contracts.once import Asked, answer_once
from services.customers.domain.consent import (
    MAX_CONSENTS,
    Consent,
    ConsentMedium,
    ConsentScope,
    ConsentText,
    changed_consent,
)
from services.customers.domain.house import House
from services.customers.domain.refusals import ConsentNotFound, TooManyConsents
from services.customers.handlers.house_keeper import HouseKeeper
from services.customers.ports.store import CustomersStore
from services.customers.ports.transaction import CustomersTransaction
from services.runtime.access.refusals import HouseNotFound
from services.runtime.errors import Refusal
from services.runtime.ids import Ids


@dataclass(frozen=True, slots=True)
class WantedConsent:
    """What is to be asked."""

    scope: ConsentScope
    thing_id: str
    medium: ConsentMedium
    position: int
    texts: tuple[ConsentText, ...]


class ConsentHandler:
    """Whoever asks for consents; nothing here answers for anybody."""

    def __init__(self, store: CustomersStore, houses: HouseKeeper, ids: Ids) -> None:
        self._store = store
        self._houses = houses
        self._ids = ids

    async def create(self, asked: Asked[Consent], house_id: str, wanted: WantedConsent) -> bytes | Refusal:
        """Refusals: TooManyConsents, IdempotencyKeyReused."""

        async def act(transaction: CustomersTransaction) -> Consent | Refusal:
            if len(await transaction.consents.all(archived=False)) >= MAX_CONSENTS:
                return TooManyConsents(MAX_CONSENTS)
            consent = Consent(
                house_id=house_id,
                consent_id=self._ids.new_id("cns"),
                scope=wanted.scope,
                thing_id=wanted.thing_id,
                medium=wanted.medium,
                position=wanted.position,
                text_version=1,
                texts=wanted.texts,
                archived=False,
                revision=1,
            )
            await transaction.consents.add(consent)
            facts = {"scope": wanted.scope.value.lower(), "medium": wanted.medium.value.lower()}
            transaction.record_act(Act("consent.created", "consent", consent.consent_id, facts=facts))
            return consent

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def update(
        self,
        house_id: str,
        consent_id: str,
        etag: str,
        *,
        position: int | None,
        texts: tuple[ConsentText, ...] | None,
    ) -> Consent | Refusal:
        """Refusals: ConsentNotFound, EtagStale."""
        async with self._store.transaction(house_id) as transaction:
            consent = await transaction.consents.lock(consent_id)
            if consent is None:
                return ConsentNotFound(consent_id)
            after = changed_consent(consent, position=position, texts=texts)
            if after == consent:
                return consent
            if refusal := refused_etag("the consent", etag, consent.revision):
                return refusal
            await transaction.consents.save(after)
            facts = {"text_version": str(after.text_version)}
            transaction.record_act(Act("consent.changed", "consent", consent_id, facts=facts))
            await transaction.commit()
        return after

    async def archive(self, house_id: str, consent_id: str) -> Consent | Refusal:
        """Refusals: ConsentNotFound."""
        async with self._store.transaction(house_id) as transaction:
            consent = await transaction.consents.lock(consent_id)
            if consent is None:
                return ConsentNotFound(consent_id)
            after = changed_consent(consent, position=None, texts=None, archived=True)
            if after != consent:
                await transaction.consents.save(after)
                transaction.record_act(Act("consent.archived", "consent", consent_id))
                await transaction.commit()
        return after

    async def get(self, house_id: str, consent_id: str) -> Consent | Refusal:
        """Refusals: ConsentNotFound."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.consents.find(consent_id) or ConsentNotFound(consent_id)

    async def asked(self, house_id: str, performance_id: str, *, archived: bool) -> Sequence[Consent]:
        """All of a house's; or what a buyer of one performance is asked."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.consents.all(archived=archived)
            if not performance_id:
                return found
            production_id = await transaction.purchases.production_of(performance_id)
        things = {ConsentScope.PERFORMANCE: performance_id, ConsentScope.PRODUCTION: production_id}
        return [one for one in found if one.scope not in things or one.thing_id == things[one.scope]]

    async def settings(self, house_id: str) -> House | Refusal:
        """HouseNotFound."""
        return await self._houses.house(house_id)

    async def settle(self, house_id: str, *, double_opt_in: bool | None) -> House | Refusal:
        """What was asked before goes on waiting for its link. Refusals: HouseNotFound."""
        known = await self._houses.house(house_id)
        if isinstance(known, Refusal):
            return known
        async with self._store.transaction(house_id) as transaction:
            await transaction.houses.settle(house_id, double_opt_in=double_opt_in)
            said = {True: "on", False: "off", None: "as usual"}[double_opt_in]
            transaction.record_act(Act("consent.settled", "house", house_id, facts={"double_opt_in": said}))
            settled = await transaction.houses.find(house_id)
            await transaction.commit()
        return settled or HouseNotFound(house_id)
