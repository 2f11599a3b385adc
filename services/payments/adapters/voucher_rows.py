"""Vouchers and their ledger in PostgreSQL, within the caller's transaction: a balance and its entry are one write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payments.adapters.tables import VOUCHER_ENTRIES as ENTRIES
from services.payments.adapters.tables import VOUCHERS
from services.payments.domain.charges import InstrumentKind
from services.payments.domain.payment import Change, Payment
from services.payments.domain.voucher import Entry, EntryKind, Voucher, entries_of, made_for
from services.payments.domain.voucher_code import TAIL, code_of, hash_of
from services.runtime.ids import Ids
from services.runtime.seal import Seal

_MINE = sa.and_(VOUCHERS.c.house_id == sa.bindparam("of_house"), VOUCHERS.c.voucher_id == sa.bindparam("of_voucher"))


def voucher_of(row: Any) -> Voucher:
    """The voucher in a row that has every column."""
    return Voucher(
        voucher_id=row.voucher_id,
        house_id=row.house_id,
        kind=InstrumentKind(row.kind),
        currency=row.currency,
        value_minor=row.value_minor,
        balance_minor=row.balance_minor,
        tail=row.tail,
        created_at_ms=row.created_at_ms,
        valid_from_ms=row.valid_from_ms,
        valid_until_ms=row.valid_until_ms,
        is_stopped=row.is_stopped,
        note=row.note,
        refund_of=row.refund_of,
        revision=row.revision,
    )


def entry_of(row: Any) -> Entry:
    """The entry in a row."""
    return Entry(
        row.voucher_id, EntryKind(row.kind), row.amount_minor, row.at_ms, row.payment_id, row.key, row.reason, row.who
    )


class VoucherRows:
    """Reads and writes on a connection that has the house's scope. Balances change by `write` and by nothing else."""

    def __init__(self, *, ids: Ids, seal: Seal) -> None:
        self._ids = ids
        self._seal = seal

    async def locked(
        self, connection: AsyncConnection, house_id: str, voucher_ids: Iterable[str]
    ) -> Mapping[str, Voucher]:
        """Those that there are, locked in one order: two payments with the same vouchers wait for each other."""
        wanted = (
            sa.select(VOUCHERS)
            .where(VOUCHERS.c.house_id == house_id, VOUCHERS.c.voucher_id.in_(sorted(set(voucher_ids))))
            .order_by(VOUCHERS.c.voucher_id)
            .with_for_update()
        )
        return {row.voucher_id: voucher_of(row) for row in await connection.execute(wanted)}

    async def write(self, connection: AsyncConnection, house_id: str, entries: Sequence[Entry]) -> None:
        """Into the ledger and the balances, each entry once. What was released is not returned once more."""
        for entry in sorted(entries, key=lambda one: one.voucher_id):
            if entry.kind is EntryKind.RETURNED and await self._has(connection, entry, EntryKind.RELEASED):
                continue
            await self._write(connection, house_id, entry)

    @staticmethod
    async def _has(connection: AsyncConnection, entry: Entry, kind: EntryKind) -> bool:
        wanted = sa.select(sa.literal(1)).where(
            ENTRIES.c.voucher_id == entry.voucher_id,
            ENTRIES.c.payment_id == entry.payment_id,
            ENTRIES.c.kind == kind.value,
        )
        return (await connection.execute(wanted)).first() is not None

    @staticmethod
    async def _write(connection: AsyncConnection, house_id: str, entry: Entry) -> None:
        once = ["voucher_id", "payment_id", "kind", "key"]
        row = insert(ENTRIES).values(_entry_row(house_id, entry))
        written = row.on_conflict_do_nothing(index_elements=once).returning(ENTRIES.c.entry_id)
        if (await connection.execute(written)).first() is None or entry.amount_minor == 0:
            return
        moved = {
            "balance_minor": VOUCHERS.c.balance_minor + entry.amount_minor,
            "revision": VOUCHERS.c.revision + 1,
        }
        named = {"of_house": house_id, "of_voucher": entry.voucher_id}
        await connection.execute(sa.update(VOUCHERS).where(_MINE).values(moved), named)

    async def make(self, connection: AsyncConnection, vouchers: Sequence[tuple[Voucher, Entry]]) -> list[Voucher]:
        """New ones, each with a code of its own and the entry that gave it its balance."""
        made, rows, entries = [], [], []
        for plan, entry in vouchers:
            code = code_of(self._ids.new_secret())
            voucher = replace(plan, tail=code[-TAIL:])
            made.append(voucher)
            rows.append(_row_of(voucher) | self._of_code(voucher.house_id, code))
            entries.append(_entry_row(voucher.house_id, entry))
        if rows:
            await connection.execute(sa.insert(VOUCHERS), rows)
            await connection.execute(sa.insert(ENTRIES), entries)
        return made

    def _of_code(self, house_id: str, code: str) -> dict[str, bytes]:
        return {"code_hash": hash_of(house_id, code), "code_sealed": self._seal.sealed(code.encode())}

    async def codes(self, connection: AsyncConnection, house_id: str, voucher_ids: Iterable[str]) -> Mapping[str, str]:
        """The codes themselves, for whoever may hand them out."""
        wanted = sa.select(VOUCHERS.c.voucher_id, VOUCHERS.c.code_sealed).where(
            VOUCHERS.c.house_id == house_id, VOUCHERS.c.voucher_id.in_(sorted(set(voucher_ids)))
        )
        found = await connection.execute(wanted)
        return {row.voucher_id: self._seal.opened(bytes(row.code_sealed)).decode() for row in found}

    async def follow(
        self, connection: AsyncConnection, payments: Sequence[tuple[Payment, Sequence[Change]]], now_ms: int
    ) -> None:
        """What changes of payments mean for vouchers: reserved money is given back or taken, refunds come onto them."""
        entries = [entry for payment, changes in payments for entry in entries_of(payment, changes, now_ms)]
        made = [
            (voucher, _made(voucher, now_ms, key))
            for payment, changes in payments
            for voucher, key in made_for(payment, changes, now_ms)
        ]
        if entries:
            await self.locked(connection, payments[0][0].house_id, (entry.voucher_id for entry in entries))
            await self.write(connection, payments[0][0].house_id, entries)
        await self.make(connection, made)


def _made(voucher: Voucher, now_ms: int, key: str) -> Entry:
    return Entry(voucher.voucher_id, EntryKind.MADE, voucher.value_minor, now_ms, voucher.refund_of, key)


def _row_of(voucher: Voucher) -> dict[str, Any]:
    return {
        "voucher_id": voucher.voucher_id,
        "house_id": voucher.house_id,
        "kind": voucher.kind.value,
        "currency": voucher.currency,
        "value_minor": voucher.value_minor,
        "balance_minor": voucher.balance_minor,
        "tail": voucher.tail,
        "created_at_ms": voucher.created_at_ms,
        "valid_from_ms": voucher.valid_from_ms,
        "valid_until_ms": voucher.valid_until_ms,
        "is_stopped": voucher.is_stopped,
        "note": voucher.note,
        "refund_of": voucher.refund_of,
        "revision": voucher.revision,
    }


def _entry_row(house_id: str, entry: Entry) -> dict[str, Any]:
    return {
        "house_id": house_id,
        "voucher_id": entry.voucher_id,
        "kind": entry.kind.value,
        "amount_minor": entry.amount_minor,
        "at_ms": entry.at_ms,
        "payment_id": entry.payment_id,
        "key": entry.key,
        "reason": entry.reason,
        "who": entry.who,
    }
