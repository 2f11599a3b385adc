"""How a house rounds tax and which class its tickets are of; and the VAT classes that its country begins with."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.catalogue.domain.house import House
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.vat import CountryRates, PriceRules, VatClass, classes_of, refused_rules
from services.catalogue.handlers.price_things import Names, is_usable
from services.catalogue.ports.price_things import Sort
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.changes import refused_etag, refused_mask, refused_unset_etag
from services.contracts.house_time import local_of
from services.runtime.access.refusals import HouseNotFound
from services.runtime.clock import Clock
from services.runtime.errors import UNSET, FieldInvalid, Refusal, refused_fields
from services.runtime.ids import refused_key

# A house has one of these.
_ID = "price_rules"
_CHANGEABLE = frozenset(field.name for field in dataclasses.fields(PriceRules))


@dataclass(frozen=True, slots=True)
class RulesChange:
    """What an update asks for: new values, which of them count, and what the caller has seen."""

    rules: PriceRules | None
    named: Sequence[str]
    etag: str


class PriceRulesHandler:
    """`countries`: rates by the two letters of ISO 3166."""

    def __init__(self, store: CatalogueStore, clock: Clock, countries: Mapping[str, tuple[CountryRates, ...]]) -> None:
        self._store = store
        self._clock = clock
        self._countries = countries

    async def get(self, house_id: str) -> Kept[PriceRules] | Refusal:
        """Those of a house that has said nothing are in revision 0. Refusals: FieldInvalid, HouseNotFound."""
        if refusal := refused_key("house_id", house_id):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            house = await transaction.house(house_id)
            return await _rules(transaction, house_id) if house else HouseNotFound(house_id)

    async def update(self, house_id: str, change: RulesChange) -> Kept[PriceRules] | Refusal:
        """Refusals: FieldInvalid, HouseNotFound, EtagStale."""
        checks = (
            refused_key("house_id", house_id),
            refused_rules(change.rules, change.named),
            refused_mask(change.named, _CHANGEABLE),
            refused_unset_etag(change.etag),
        )
        refusal = refused_fields(checks)
        if refusal is not None or change.rules is None:
            return refusal or FieldInvalid("price_rules", UNSET, "the rules as they are to be")
        async with self._store.transaction(house_id) as transaction:
            if await transaction.house(house_id) is None:
                return HouseNotFound(house_id)
            rules = await _rules(transaction, house_id, lock=True)
            if stale := refused_etag("price_rules", change.etag, rules.revision):
                return stale
            body = dataclasses.replace(rules.body, **{name: getattr(change.rules, name) for name in change.named})
            if wrong := await _refused_class(transaction, house_id, body.ticket_vat_class_id):
                return wrong
            changed = await _saved(transaction, rules, body)
            fields = ",".join(sorted(set(change.named)))
            await transaction.record_act(
                house_id, Act("price_rules.changed", "house", house_id, facts={"fields": fields})
            )
            await transaction.commit()
            return changed

    async def adopt(self, house_id: str, country: str, ticket_vat_class_id: str) -> Sequence[Kept[VatClass]] | Refusal:
        """A country's classes, and which one tickets are of. Refusals: FieldInvalid, HouseNotFound."""
        periods = self._countries.get(country)
        checks = (
            refused_key("house_id", house_id),
            None if periods else FieldInvalid("country", _unknown(country), ", ".join(sorted(self._countries))),
            refused_key("ticket_vat_class_id", ticket_vat_class_id),
        )
        if (refusal := refused_fields(checks)) or periods is None:
            return refusal or HouseNotFound(house_id)
        async with self._store.transaction(house_id) as transaction:
            house = await transaction.house(house_id)
            if house is None:
                return HouseNotFound(house_id)
            classes = classes_of(periods, self._today(house))
            if ticket_vat_class_id not in classes:
                problem = f"{ticket_vat_class_id!r} is unknown in {country}"
                return FieldInvalid("ticket_vat_class_id", problem, ", ".join(classes))
            kept = [await _added(transaction, house_id, name, one) for name, one in classes.items()]
            rules = await _rules(transaction, house_id, lock=True)
            if not rules.body.ticket_vat_class_id:
                body = dataclasses.replace(rules.body, ticket_vat_class_id=ticket_vat_class_id)
                await _saved(transaction, rules, body)
            facts = {"country": country, "ticket_vat_class": ticket_vat_class_id}
            await transaction.record_act(house_id, Act("vat_classes.adopted", "house", house_id, facts=facts))
            await transaction.commit()
            return kept

    def _today(self, house: House) -> str:
        return local_of(house.time_zone, self._clock.now_ms()).date().isoformat()


def _unknown(country: str) -> str:
    return f"{country[:8]!r} is unknown" if country else UNSET


async def _rules(transaction: CatalogueTransaction, house_id: str, *, lock: bool = False) -> Kept[PriceRules]:
    found = await transaction.price_things.get(Sort.PRICE_RULES, house_id, _ID, PriceRules, lock=lock)
    return found or Kept(house_id, _ID, PriceRules(), created_at_ms=0, revision=0)


async def _saved(transaction: CatalogueTransaction, rules: Kept[PriceRules], body: PriceRules) -> Kept[PriceRules]:
    if not rules.revision:
        made = await transaction.price_things.add(Sort.PRICE_RULES, rules.house_id, _ID, body)
        if made is not None:
            return made
        rules = await _rules(transaction, rules.house_id, lock=True)
    changed = dataclasses.replace(rules, body=body, revision=rules.revision + 1)
    await transaction.price_things.save(Sort.PRICE_RULES, changed)
    return changed


async def _added(
    transaction: CatalogueTransaction, house_id: str, vat_class_id: str, vat_class: VatClass
) -> Kept[VatClass]:
    """The new class, or the one that the house has by that id."""
    things = transaction.price_things
    made = await things.add(Sort.VAT_CLASS, house_id, vat_class_id, vat_class)
    found = made or await things.get(Sort.VAT_CLASS, house_id, vat_class_id, VatClass)
    assert found is not None, "nothing is ever taken out"
    return found


async def _refused_class(transaction: CatalogueTransaction, house_id: str, vat_class_id: str) -> FieldInvalid | None:
    field = "price_rules.ticket_vat_class_id"
    named = Names(field, Sort.VAT_CLASS, vat_class_id)
    if not vat_class_id or await is_usable(transaction.price_things, house_id, named):
        return None
    return FieldInvalid(field, f"{vat_class_id!r} is unknown or archived", "a VAT class of the house")
