"""Lists the numbers of passes, and checks numbers for whoever sells tickets that ask for one (R2.12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.catalogue.domain.kept import Kept
from services.catalogue.domain.pass_kind import (
    PassKind,
    looks_right,
    pass_key,
    plain_number,
    refused_numbers,
    refused_wrong_numbers,
)
from services.catalogue.domain.refusals import PriceThingNotFound
from services.catalogue.ports.price_things import Sort
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.bounds import MAX_SEATS_PER_HOLD
from services.runtime.errors import Refusal, refused_fields
from services.runtime.ids import refused_key


@dataclass(frozen=True, slots=True)
class CheckedPasses:
    """Of each number its key, or "" where it is not right; and how often one may be used for a performance."""

    keys: tuple[str, ...]
    max_uses_per_performance: int


class PassHandler:
    """Numbers come and are forgotten: only their keys are kept."""

    def __init__(self, store: CatalogueStore) -> None:
        self._store = store

    async def add(self, house_id: str, pass_kind_id: str, numbers: Sequence[str]) -> int | Refusal:
        """How many are new; doing it twice changes nothing. Refusals: FieldInvalid, PriceThingNotFound."""
        return await self._change(house_id, pass_kind_id, numbers, adding=True)

    async def remove(self, house_id: str, pass_kind_id: str, numbers: Sequence[str]) -> int | Refusal:
        """How many were there. Refusals: FieldInvalid, PriceThingNotFound."""
        return await self._change(house_id, pass_kind_id, numbers, adding=False)

    async def _change(self, house_id: str, pass_kind_id: str, numbers: Sequence[str], *, adding: bool) -> int | Refusal:
        checks = refused_key("house_id", house_id), refused_numbers(pass_kind_id, numbers)
        if refusal := refused_fields(checks):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            kind = await _kind(transaction, house_id, pass_kind_id)
            if isinstance(kind, Refusal):
                return kind
            if adding and (wrong := refused_wrong_numbers(kind.body, numbers)):
                return wrong
            keys = {pass_key(house_id, pass_kind_id, plain_number(number)) for number in numbers}
            rows = transaction.pass_numbers
            changed = await (rows.add if adding else rows.remove)(house_id, pass_kind_id, keys)
            done = "pass_numbers.added" if adding else "pass_numbers.removed"
            await transaction.record_act(
                house_id, Act(done, "pass_kind", pass_kind_id, facts={"numbers": str(changed)})
            )
            await transaction.commit()
            return changed

    async def check(self, house_id: str, pass_kind_id: str, numbers: Sequence[str]) -> CheckedPasses | Refusal:
        """Refusals: FieldInvalid, PriceThingNotFound."""
        wrong = refused_numbers(pass_kind_id, numbers, MAX_SEATS_PER_HOLD)
        if refusal := refused_fields((refused_key("house_id", house_id), wrong)):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            kind = await _kind(transaction, house_id, pass_kind_id)
            if isinstance(kind, Refusal):
                return kind
            plain = [plain_number(number) for number in numbers]
            keys = [
                pass_key(house_id, pass_kind_id, number) if looks_right(kind.body, number) else "" for number in plain
            ]
            if kind.body.listed:
                listed = await transaction.pass_numbers.listed(house_id, pass_kind_id, set(keys) - {""})
                keys = [key if key in listed else "" for key in keys]
            return CheckedPasses(tuple(keys), kind.body.max_uses_per_performance)


async def _kind(
    transaction: CatalogueTransaction, house_id: str, pass_kind_id: str
) -> Kept[PassKind] | PriceThingNotFound:
    found = await transaction.price_things.get(Sort.PASS_KIND, house_id, pass_kind_id, PassKind)
    return found or PriceThingNotFound(Sort.PASS_KIND.value, pass_kind_id)
