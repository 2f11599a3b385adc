"""Makes promotion codes that nobody can guess, and finds what a code gives. Uses are counted by orders."""

from __future__ import annotations

from dataclasses import dataclass

from services.catalogue.domain.discount import Discount, PromotionCode, refused_generation
from services.catalogue.domain.kept import Kept
from services.catalogue.handlers.once import once
from services.catalogue.handlers.price_things import Names, is_usable
from services.catalogue.ports.price_things import PriceThings, Sort
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.once import Asked
from services.contracts.promotions import PromotionUnknown, refused_code
from services.contracts.texts import refused_idempotency_key
from services.runtime.errors import UNSET, FieldInvalid, Refusal, refused_fields
from services.runtime.ids import Ids, refused_key

# Of 32 letters and digits: 60 bits.
_GUESSLESS_CHARS = 12


@dataclass(frozen=True, slots=True)
class CodesWish:
    """How many codes, of which discount, how they begin, and how often each may be used."""

    discount_id: str
    count: int
    prefix: str
    max_uses: int


@dataclass(frozen=True, slots=True)
class FoundPromotion:
    """A discount, and the code that gives it where there is one."""

    discount: Kept[Discount]
    code: Kept[PromotionCode] | None


class PromotionHandler:
    """Codes of many, and what they give."""

    def __init__(self, store: CatalogueStore, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def generate(
        self, asked: Asked[list[Kept[PromotionCode]]], house_id: str, wish: CodesWish
    ) -> bytes | Refusal:
        """In wire form. Refusals: FieldInvalid, IdempotencyKeyReused."""
        checks = (
            refused_key("house_id", house_id),
            refused_generation(wish.discount_id, wish.count, wish.prefix, wish.max_uses),
            refused_idempotency_key(asked.key),
        )
        if refusal := refused_fields(checks):
            return refusal

        async def act(transaction: CatalogueTransaction) -> list[Kept[PromotionCode]] | Refusal:
            if not await is_usable(transaction.price_things, house_id, Names("", Sort.DISCOUNT, wish.discount_id)):
                problem = f"{wish.discount_id!r} is unknown or archived"
                return FieldInvalid("discount_id", problem, "a discount of the house")
            made = await self._made(transaction.price_things, house_id, wish)
            facts = {"discount": wish.discount_id, "count": str(wish.count)}
            done = Act("promotion_codes.generated", "discount", wish.discount_id, facts=facts)
            await transaction.record_act(house_id, done)
            return made

        return await once(self._store, house_id, asked, list, act)

    async def _made(self, things: PriceThings, house_id: str, wish: CodesWish) -> list[Kept[PromotionCode]]:
        body = PromotionCode(wish.discount_id, wish.max_uses)
        made: list[Kept[PromotionCode]] = []
        while len(made) < wish.count:
            guessless = self._ids.new_id("code")[-_GUESSLESS_CHARS:].upper()
            code = f"{wish.prefix}-{guessless}" if wish.prefix else guessless
            added = await things.add(Sort.PROMOTION_CODE, house_id, code, body)
            if added is not None:
                made.append(added)
        return made

    async def find(self, house_id: str, code: str, discount_id: str) -> FoundPromotion | Refusal:
        """Refusals: FieldInvalid, PromotionUnknown."""
        unset = FieldInvalid("code", UNSET, "a code or a discount") if not code and not discount_id else None
        checks = (
            refused_key("house_id", house_id),
            unset,
            refused_code("code", code) if code else None,
            refused_key("discount_id", discount_id) if discount_id else None,
        )
        if refusal := refused_fields(checks):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            return await _found(transaction.price_things, house_id, code, discount_id)


async def _found(things: PriceThings, house_id: str, code: str, discount_id: str) -> FoundPromotion | Refusal:
    unknown = PromotionUnknown(code or discount_id)
    known = await things.get(Sort.PROMOTION_CODE, house_id, code, PromotionCode) if code else None
    if code and (known is None or known.archived_at_ms):
        return unknown
    named = known.body.discount_id if known else discount_id
    if discount_id and named != discount_id:
        return unknown
    discount = await things.get(Sort.DISCOUNT, house_id, named, Discount)
    if discount is None or discount.archived_at_ms or (discount.body.needs_code and not code):
        return unknown
    return FoundPromotion(discount, known)
