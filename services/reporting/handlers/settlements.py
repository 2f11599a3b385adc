"""Settlements: provisional ones are worked out when they are asked for; final ones are numbered, signed and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.contracts.acts import Act
from services.contracts.house_time import local_of
from services.contracts.once import Asked, answer_once
from services.contracts.pages import AskedPage
from services.reporting.domain.settlement import settle
from services.reporting.domain.settlement_changes import differences, is_other
from services.reporting.domain.settlement_document import (
    Corrected,
    KeptDeal,
    SettlementDocument,
    SignedSettlement,
    number_text,
)
from services.reporting.domain.settlement_obstacles import Obstacle, obstacles
from services.reporting.domain.settlement_refusals import (
    DealCurrencyDiffers,
    NothingToCorrect,
    SettlementCorrected,
    SettlementIsFinal,
    SettlementNotFound,
    SettlementProvisional,
)
from services.reporting.handlers.settlement_facts import Gathered, SettlementFacts
from services.reporting.handlers.settlement_keys import SettlementKeyRing
from services.reporting.ports.settlement_signer import SettlementSigner
from services.reporting.ports.settlement_store import SettlementStore
from services.reporting.ports.settlement_transaction import SettlementTransaction
from services.reporting.ports.settlements import SettlementFilter, SettlementRow
from services.runtime.call_context import current_principal
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.runtime.signing_keys.rotation import SigningKey


@dataclass(frozen=True, slots=True)
class Preview:
    """A provisional settlement, and what stands in the way of a final one."""

    document: SettlementDocument
    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True)
class ListedSettlement:
    """A final settlement in a list; `has_changed`: it stands, and the figures are others by now."""

    row: SettlementRow
    has_changed: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """A final settlement with what proves it; `public_key` empty: the key is not known any more."""

    signed: SignedSettlement
    public_key: bytes
    is_genuine: bool


class SettlementHandler:
    """Figures are read before a transaction is opened: none waits for another service, or for a second connection."""

    def __init__(
        self,
        store: SettlementStore,
        facts: SettlementFacts,
        keys: SettlementKeyRing,
        signer: SettlementSigner,
        ids: Ids,
    ) -> None:
        self._store = store
        self._facts = facts
        self._keys = keys
        self._signer = signer
        self._ids = ids

    async def preview(self, house_id: str, performance_id: str) -> Preview | Refusal:
        """Refusals: PerformanceNotFound, DealCurrencyDiffers."""
        gathered = await self._facts.gather(house_id, performance_id)
        if isinstance(gathered, Refusal):
            return gathered
        async with self._store.transaction(house_id) as transaction:
            found = await _worked_out(transaction, gathered)
            standing = await transaction.settlements.standing(performance_id)
        if isinstance(found, Refusal) or standing is None:
            return found
        return replace(found, document=_compared(found.document, standing))

    async def finalise(self, asked: Asked[SignedSettlement], house_id: str, performance_id: str) -> bytes | Refusal:
        """Once a request. Refusals: PerformanceNotFound, SettlementIsFinal, SettlementProvisional, ..."""
        gathered = await self._facts.gather(house_id, performance_id)
        key = await self._keys.signing()

        async def act(transaction: SettlementTransaction) -> SignedSettlement | Refusal:
            if isinstance(gathered, Refusal):
                return gathered
            year = local_of(gathered.head.time_zone, transaction.now_ms).year
            # The number first: whoever else makes one waits here, and sees what this transaction has done.
            ordinal = await transaction.settlements.next_number(year)
            standing = await transaction.settlements.standing(performance_id)
            if standing is not None:
                done = standing.document
                return SettlementIsFinal(performance_id, done.number, done.settlement_id)
            found = await _worked_out(transaction, gathered)
            if isinstance(found, Refusal):
                return found
            if found.obstacles:
                return SettlementProvisional(performance_id, tuple(one.text for one in found.obstacles))
            return await self._signed(transaction, found.document, key, year, ordinal)

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def correct(
        self, asked: Asked[SignedSettlement], house_id: str, settlement_id: str, reason: str
    ) -> bytes | Refusal:
        """Once a request. Refusals: SettlementNotFound, SettlementCorrected, NothingToCorrect, as finalise."""
        before = await self.get(house_id, settlement_id)
        gathered: Gathered | Refusal = (
            before
            if isinstance(before, Refusal)
            else await self._facts.gather(house_id, before.document.head.performance_id)
        )
        key = await self._keys.signing()

        async def act(transaction: SettlementTransaction) -> SignedSettlement | Refusal:
            if isinstance(gathered, Refusal):
                return gathered
            year = local_of(gathered.head.time_zone, transaction.now_ms).year
            ordinal = await transaction.settlements.next_number(year)
            was = await transaction.settlements.get(settlement_id)
            if was is None:
                return SettlementNotFound(settlement_id)
            if was.corrected_by:
                return SettlementCorrected(was.document.number, was.corrected_by)
            found = await _worked_out(transaction, gathered)
            if isinstance(found, Refusal):
                return found
            if found.obstacles:
                performance_id = gathered.head.performance_id
                return SettlementProvisional(performance_id, tuple(one.text for one in found.obstacles))
            if not _is_other(was.document, found.document):
                return NothingToCorrect(was.document.number)
            corrects = Corrected(settlement_id, was.document.number, was.sha256, reason)
            corrected = replace(_compared(found.document, was), corrects=corrects)
            return await self._signed(transaction, corrected, key, year, ordinal)

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def get(self, house_id: str, settlement_id: str) -> SignedSettlement | Refusal:
        """Refusals: SettlementNotFound."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.settlements.get(settlement_id)
        return found or SettlementNotFound(settlement_id)

    async def page(
        self, house_id: str, wanted: SettlementFilter, page: AskedPage
    ) -> tuple[Sequence[ListedSettlement], bool]:
        """The page, and whether there is more."""
        async with self._store.transaction(house_id) as transaction:
            rows = await transaction.settlements.page(wanted, page.after, page.size + 1)
        more, rows = len(rows) > page.size, rows[: page.size]
        standing = {
            row.performance_id: (row.own_tickets, row.own_gross_minor, row.reported_sold)
            for row in rows
            if not row.corrected_by
        }
        changed = await self._facts.changed(house_id, standing)
        return [ListedSettlement(row, not row.corrected_by and row.performance_id in changed) for row in rows], more

    async def verify(self, house_id: str, settlement_id: str, sha256: str) -> Verified | Refusal:
        """Refusals: SettlementNotFound."""
        signed = await self.get(house_id, settlement_id)
        if isinstance(signed, Refusal):
            return signed
        key = await self._keys.get(signed.key_id)
        public_key = b"" if key is None else key.public_key
        is_genuine = (
            self._signer.is_genuine(public_key, signed.content, signed.signature)
            and hashlib.sha256(signed.content).hexdigest() == signed.sha256
            and sha256 in ("", signed.sha256)
        )
        return Verified(signed, public_key, is_genuine)

    async def keys(self) -> Sequence[SigningKey]:
        """Every key that ever signed, the oldest first."""
        return await self._keys.all()

    async def _signed(
        self, transaction: SettlementTransaction, document: SettlementDocument, key: SigningKey, year: int, ordinal: int
    ) -> SignedSettlement:
        who = current_principal()
        final = replace(
            document,
            settlement_id=self._ids.new_id("stl"),
            number=number_text(year, ordinal),
            finalised_at_ms=transaction.now_ms,
            finalised_by_kind="" if who is None else who.kind.value,
            finalised_by="" if who is None else who.subject,
        )
        content = transaction.settlements.written(final)
        signature, sha256 = self._signer.signature(key, content), hashlib.sha256(content).hexdigest()
        signed = SignedSettlement(final, content, sha256, key.key_id, signature)
        await transaction.settlements.add(signed, year, ordinal)
        transaction.record_act(_act(final, sha256))
        return signed


def _act(final: SettlementDocument, sha256: str) -> Act:
    facts = {"number": final.number, "performance": final.head.performance_id, "sha256": sha256}
    if final.corrects is None:
        return Act("settlement.finalised", "settlement", final.settlement_id, facts=facts)
    facts["corrects"] = final.corrects.number
    return Act("settlement.corrected", "settlement", final.settlement_id, final.corrects.reason, facts)


async def _worked_out(transaction: SettlementTransaction, gathered: Gathered) -> Preview | Refusal:
    head = gathered.head
    kept = await transaction.deals.holding(head.production_id, head.performance_id)
    sales = gathered.sales
    currency = "" if kept is None else kept.deal.currency
    if currency and sales.currency and currency != sales.currency:
        return DealCurrencyDiffers(head.performance_id, currency, sales.currency)
    sales = sales if sales.currency else replace(sales, currency=currency)
    settled = None if kept is None else settle(sales, kept.deal)
    in_the_way = obstacles(
        transaction.now_ms, gathered.over_ms, sales.offices, gathered.under_way, has_deal=kept is not None
    )
    return Preview(SettlementDocument(head, sales, kept, settled), in_the_way)


def _compared(now: SettlementDocument, was: SignedSettlement) -> SettlementDocument:
    before, after = was.document.settlement, now.settlement
    if before is None or after is None:
        return now
    return replace(now, differences=differences((was.document.sales, before), (now.sales, after)))


def _is_other(was: SettlementDocument, now: SettlementDocument) -> bool:
    assert was.settlement is not None, "what is final is calculated"
    assert now.settlement is not None, "without a deal there is an obstacle"
    return _terms(was.deal) != _terms(now.deal) or is_other((was.sales, was.settlement), (now.sales, now.settlement))


def _terms(kept: KeptDeal | None) -> object:
    return None if kept is None else kept.deal
