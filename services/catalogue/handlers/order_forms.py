"""What buyers of a house are asked, all of it in the order of the form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.catalogue.domain.form_field import FormField
from services.catalogue.domain.kept import Kept
from services.catalogue.ports.price_things import Sort
from services.catalogue.ports.store import CatalogueStore
from services.contracts.bounds import MAX_PARTS_PER_ORDER
from services.runtime.errors import FieldInvalid, Refusal, refused_fields
from services.runtime.ids import refused_key

# Nobody fills in more.
MAX_FORM_FIELDS = 200


class OrderFormHandler:
    """Tells; PriceThingHandler changes."""

    def __init__(self, store: CatalogueStore) -> None:
        self._store = store

    async def get(self, house_id: str, performance_ids: tuple[str, ...]) -> Sequence[Kept[FormField]] | Refusal:
        """The fields that are asked of an order of these performances. Refusals: FieldInvalid. No house has none."""
        if refusal := refused_fields(_faults(house_id, performance_ids)):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.price_things.page(
                Sort.FORM_FIELD, house_id, FormField, None, MAX_FORM_FIELDS, include_archived=False
            )
        asked = [one for one in found if one.body.is_asked_of(performance_ids)]
        return sorted(asked, key=lambda one: (one.body.position, one.created_at_ms, one.thing_id))


def _faults(house_id: str, performance_ids: tuple[str, ...]) -> Iterator[FieldInvalid | None]:
    yield refused_key("house_id", house_id)
    if len(performance_ids) > MAX_PARTS_PER_ORDER:
        limit = f"at most {MAX_PARTS_PER_ORDER} performances an order"
        yield FieldInvalid("performance_ids", f"has {len(performance_ids):,}", limit)
        return
    for place, performance_id in enumerate(performance_ids):
        yield refused_key(f"performance_ids[{place}]", performance_id)
