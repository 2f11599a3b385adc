"""Vouchers and gift cards: made, found by their code, stopped, corrected, and checked for buyers. No code is logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.contracts.acts import Act
from services.contracts.money import amount_text
from services.contracts.once import Asked, answer_once
from services.contracts.pages import AskedPage, token_after
from services.contracts.voucher_refusals import TooManyWrongCodes, VoucherCurrencyDiffers, VoucherUnknown
from services.payments.domain.charges import Charge
from services.payments.domain.voucher import (
    BalanceTooSmall,
    Entry,
    EntryKind,
    Voucher,
    VoucherNotFound,
    VouchersWanted,
    charges_of,
    refused_use,
)
from services.payments.domain.voucher_code import hash_of, read_code, shown
from services.payments.ports.voucher_store import VoucherStore
from services.payments.ports.vouchers_transaction import VouchersTransaction
from services.runtime.call_context import current_principal
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.runtime.telemetry.metrics import VOUCHER_CODES_WRONG

_THING = "voucher"
# A guesser has one in 2^75 for each try; these bounds keep the noise away from everybody else.
WINDOW_MS = 10 * 60_000
MOST_WRONG_OF_CALLER = 10
MOST_WRONG_OF_HOUSE = 500
# No caller has such a name.
_WHOLE_HOUSE = "*"


@dataclass(frozen=True, slots=True)
class MadeVouchers:
    """New vouchers of one request."""

    vouchers: Sequence[Voucher]


@dataclass(frozen=True, slots=True)
class VoucherPage:
    """In the order in which they were made; `next_page_token` is empty on the last page."""

    vouchers: Sequence[Voucher]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Oldest first; `next_page_token` is empty on the last page."""

    currency: str
    entries: Sequence[Entry]
    next_page_token: str


class VoucherHandler:
    """What people of the house do with vouchers, and what checking out asks about codes."""

    def __init__(self, store: VoucherStore, *, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def create(self, asked: Asked[MadeVouchers], house_id: str, wanted: VouchersWanted) -> bytes | Refusal:
        """The answer is kept without the codes: whoever may hear them is told by `codes`."""

        async def act(transaction: VouchersTransaction) -> MadeVouchers:
            plans = [self._planned(house_id, wanted, transaction.now_ms) for _ in range(wanted.count)]
            made = await transaction.make(plans)
            facts = {
                "kind": wanted.kind.value,
                "count": str(wanted.count),
                "value": amount_text(wanted.value_minor, wanted.currency),
            }
            transaction.record_act(Act("voucher.created", _THING, made[0].voucher_id, facts=facts))
            return MadeVouchers(made)

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    def _planned(self, house_id: str, wanted: VouchersWanted, now_ms: int) -> tuple[Voucher, Entry]:
        voucher = Voucher(
            voucher_id=self._ids.new_id("vch"),
            house_id=house_id,
            kind=wanted.kind,
            currency=wanted.currency,
            value_minor=wanted.value_minor,
            balance_minor=wanted.value_minor,
            tail="",
            created_at_ms=now_ms,
            valid_from_ms=wanted.valid_from_ms,
            valid_until_ms=wanted.valid_until_ms,
            note=wanted.note,
        )
        return voucher, Entry(voucher.voucher_id, EntryKind.MADE, voucher.value_minor, now_ms, who=_who())

    async def codes(self, house_id: str, voucher_ids: Sequence[str]) -> dict[str, str]:
        """The codes as they are printed, by voucher."""
        async with self._store.transaction(house_id) as transaction:
            return {one: shown(code) for one, code in (await transaction.codes(voucher_ids)).items()}

    async def reveal(self, house_id: str, voucher_id: str) -> str | Refusal:
        """The code once more; who asked is in the act log."""
        async with self._store.transaction(house_id) as transaction:
            code = (await transaction.codes([voucher_id])).get(voucher_id)
            if code is None:
                return VoucherNotFound(voucher_id)
            transaction.record_act(Act("voucher.code_shown", _THING, voucher_id))
            await transaction.commit()
        return shown(code)

    async def get(self, house_id: str, voucher_id: str) -> Voucher | Refusal:
        """The voucher and what is left on it."""
        return (await self._store.find(house_id, [voucher_id])).get(voucher_id) or VoucherNotFound(voucher_id)

    async def page(self, house_id: str, asked: AskedPage) -> VoucherPage:
        """In the order in which they were made."""
        found = await self._store.page(house_id, asked.after, asked.size + 1)
        some = found[: asked.size]
        more = token_after(house_id, some[-1].voucher_id, some[-1].created_at_ms) if len(found) > len(some) else ""
        return VoucherPage(some, more)

    async def entries(self, house_id: str, voucher_id: str, asked: AskedPage) -> EntryPage | Refusal:
        """Everything that moved the balance, oldest first."""
        voucher = await self.get(house_id, voucher_id)
        if isinstance(voucher, Refusal):
            return voucher
        after = 0 if asked.after is None else asked.after.time_ms
        found = await self._store.entries(house_id, voucher_id, after, asked.size + 1)
        some = found[: asked.size]
        more = token_after(house_id, voucher_id, some[-1][0]) if len(found) > len(some) else ""
        return EntryPage(voucher.currency, [entry for _, entry in some], more)

    async def stop(self, house_id: str, voucher_id: str, reason: str) -> Voucher | Refusal:
        """Once and again is the same. What a payment has reserved stays its own."""
        async with self._store.transaction(house_id) as transaction:
            voucher = await transaction.lock(voucher_id)
            if voucher is None:
                return VoucherNotFound(voucher_id)
            if not voucher.is_stopped:
                await transaction.stop(voucher_id)
                transaction.record_act(Act("voucher.stopped", _THING, voucher_id, reason=reason))
            await transaction.commit()
        return replace(voucher, is_stopped=True)

    async def correct(
        self, asked: Asked[Voucher], house_id: str, voucher_id: str, amount_minor: int, currency: str, reason: str
    ) -> bytes | Refusal:
        """Refusals: VoucherNotFound, VoucherCurrencyDiffers, BalanceTooSmall, key reused."""

        async def act(transaction: VouchersTransaction) -> Voucher | Refusal:
            voucher = await transaction.lock(voucher_id)
            if voucher is None:
                return VoucherNotFound(voucher_id)
            if voucher.currency != currency:
                return VoucherCurrencyDiffers("amount", voucher.tail, voucher.currency, currency)
            if voucher.balance_minor + amount_minor < 0:
                return BalanceTooSmall(voucher_id, voucher.balance_minor, -amount_minor)
            now_ms = transaction.now_ms
            entry = Entry(voucher_id, EntryKind.CORRECTED, amount_minor, now_ms, "", asked.key, reason, _who())
            await transaction.write(entry)
            facts = {"amount": amount_text(amount_minor, currency)}
            transaction.record_act(Act("voucher.corrected", _THING, voucher_id, reason=reason, facts=facts))
            return replace(voucher, balance_minor=voucher.balance_minor + amount_minor, revision=voucher.revision + 1)

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def find(self, house_id: str, typed: str) -> Voucher | Refusal:
        """The voucher that a code is of. Refusals: VoucherUnknown, TooManyWrongCodes."""
        principal = current_principal()
        found = await self._by_codes(house_id, principal.subject if principal else "", [typed], "code")
        return found if isinstance(found, Refusal) else found[0]

    async def check(
        self, house_id: str, caller: str, typed: Sequence[str], amount_minor: int, currency: str
    ) -> tuple[Charge, ...] | Refusal:
        """What the codes would pay, in the order given; the first one that pays nothing is the answer."""
        found = await self._by_codes(house_id, caller, typed, "codes[{}]")
        if isinstance(found, Refusal):
            return found
        now_ms = self._clock.now_ms()
        once = list({voucher.voucher_id: voucher for voucher in found}.values())
        for place, voucher in enumerate(found):
            refusal = refused_use(voucher, f"codes[{place}]", currency, now_ms)
            if refusal is not None:
                return refusal
        return charges_of(once, amount_minor)

    async def _by_codes(
        self, house_id: str, caller: str, typed: Sequence[str], place: str
    ) -> Sequence[Voucher] | Refusal:
        """All of them, or the first that is none. Whoever was wrong too often is not even looked up for."""
        now_ms = self._clock.now_ms()
        since_ms = now_ms - WINDOW_MS
        bounds = ((caller, MOST_WRONG_OF_CALLER), (_WHOLE_HOUSE, MOST_WRONG_OF_HOUSE))
        for guesser, most in bounds:
            if await self._store.wrong_codes(house_id, guesser, since_ms) >= most:
                return TooManyWrongCodes(WINDOW_MS)
        hashes = [None if code is None else hash_of(house_id, code) for code in map(read_code, typed)]
        by_hash = await self._store.by_hashes(house_id, [one for one in hashes if one is not None])
        vouchers = [None if one is None else by_hash.get(one) for one in hashes]
        wrong = vouchers.count(None)
        if wrong:
            VOUCHER_CODES_WRONG.inc(wrong)
            for guesser, _ in bounds:
                await self._store.count_wrong(house_id, guesser, wrong, since_ms, now_ms)
            return VoucherUnknown(place.format(vouchers.index(None)))
        return [voucher for voucher in vouchers if voucher is not None]


def _who() -> str:
    principal = current_principal()
    return principal.subject if principal else ""
