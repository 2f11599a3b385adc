"""Payments in PostgreSQL: every change under the row's lock, with what it publishes and settles in one transaction."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from sqlalchemy import ARRAY, String, and_, any_, bindparam, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.payments.adapters.instrument_rows import judge
from services.payments.adapters.payment_events import acts_of, event_of
from services.payments.adapters.payment_rows import payment_of
from services.payments.adapters.payment_statements import Moved, recording, storing, working_off
from services.payments.adapters.refund_keys import refunded_under, take_refund_keys
from services.payments.adapters.tables import PAYMENTS
from services.payments.adapters.voucher_rows import VoucherRows
from services.payments.domain.instrument_limits import over_limit_changes
from services.payments.domain.next_attempt import RetryPolicy, rescheduled
from services.payments.domain.payment import DisputeState, Payment, PaymentState, apply
from services.payments.domain.refunds import RefundState
from services.payments.domain.transitions import Decision, Verdict
from services.payments.domain.voucher import charged, vouchers_of
from services.payments.ports import WebhookEvent
from services.runtime.clock import Clock
from services.runtime.errors import Retryable
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.writer import enqueue
from services.runtime.sql.connections import after_commit, connected, for_single_statements
from services.runtime.sql.faults import is_transient
from services.runtime.sql.scopes import AllHouses, HouseScope
from services.runtime.work.gathering import Gathering, ItemBroke

_ItemT = TypeVar("_ItemT")
_AnswerT = TypeVar("_AnswerT")

_DUE = AllHouses("the reconciler visits payments that are due")
_COUNTS = AllHouses("gauges count every house's payments")

# Built once: building a statement costs more than running it.
_OF_HOUSE = PAYMENTS.c.house_id == bindparam("of_house")
_ANY_ID = PAYMENTS.c.payment_id == any_(bindparam("payment_ids", type_=ARRAY(String)))
_FIND = select(PAYMENTS).where(_OF_HOUSE, _ANY_ID)
# In one order, so that processes that change the same payments wait instead of deadlocking.
_LOCK = _FIND.order_by(PAYMENTS.c.payment_id).with_for_update()
_FIND_BY_KEY = select(PAYMENTS).where(
    _OF_HOUSE, PAYMENTS.c.idempotency_key == any_(bindparam("keys", type_=ARRAY(String)))
)
# Written out, as in the index of those that wait for people: a parameter would hide that it fits.
_STUCK = PAYMENTS.c.refund_state == text(f"'{RefundState.STUCK.value}'")
_DISPUTED = PAYMENTS.c.dispute_state == text(f"'{DisputeState.OPEN.value}'")
_WAITING = select(func.count().filter(_STUCK).label("stuck"), func.count().filter(_DISPUTED).label("disputed")).where(
    or_(_STUCK, _DISPUTED)
)
# As many as one transaction takes: the events of a group are far below what the outbox takes at once.
MOST_IN_A_GROUP = 128
# Payments that wait for their buyers, as this process wrote them last.
_MOST_REMEMBERED = 4_096
# A commit costs many times what one payment more in it does.
PACE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class _Asked:
    """A change that somebody waits for."""

    payment_id: str
    decide: Callable[[Payment], Decision]
    visited: bool
    settles: Sequence[WebhookEvent]


class _Overtaken(Exception):
    """A payment is not as it was thought to be."""


class KeyTaken(Retryable):
    """Another request under the same key is being recorded: ask again for what it made."""


_Changed: TypeAlias = tuple[Payment, Decision] | None


class PostgresPaymentStore:
    """See PaymentStore. `on_events` is called after a commit that put events into the outbox."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        clock: Clock,
        ids: Ids,
        retry_policy: RetryPolicy,
        on_events: Callable[[], None],
        vouchers: VoucherRows,
    ) -> None:
        self._engine = engine
        # For single statements: no round trips for BEGIN and COMMIT.
        self._single = for_single_statements(engine)
        self._clock = clock
        self._ids = ids
        self._retry_policy = retry_policy
        self._on_events = on_events
        self._vouchers = vouchers
        self._written: OrderedDict[tuple[str, str], Payment] = OrderedDict()
        self._records = self._gathering("payment_records", self._record_all)
        self._finds = self._gathering("payment_finds", self._find_all)
        self._refund_keys = self._gathering("refund_keys", self._find_refund_keys)
        self._changes = self._gathering("payment_changes", self._change_all)
        self._known_changes = self._gathering("known_payment_changes", self._store_all)

    def _gathering(
        self, name: str, work: Callable[[str, Sequence[_ItemT]], Awaitable[Sequence[_AnswerT | ItemBroke]]]
    ) -> Gathering[str, _ItemT, _AnswerT]:
        """A lane is a house: a group never leaves its scope (0019)."""
        return Gathering(
            name,
            work,
            most=MOST_IN_A_GROUP,
            pace_seconds=PACE_SECONDS,
            is_refused=lambda error: not is_transient(error),
        )

    async def record(self, payment: Payment) -> Payment:
        return await self._records.ask(payment.house_id, payment)

    async def _record_all(self, house_id: str, payments: Sequence[Payment]) -> Sequence[Payment]:
        async with connected(self._single, HouseScope(house_id)) as connection:
            done = await connection.execute(*recording(payments))
            new = {row.payment_id for row in done}
            earlier = [payment.idempotency_key for payment in payments if payment.payment_id not in new]
            found: dict[str, Payment] = {}
            if earlier:
                taken = await connection.execute(_FIND_BY_KEY, {"of_house": house_id, "keys": earlier})
                found = {row["idempotency_key"]: payment_of(row) for row in taken.mappings()}
        # Payments are never deleted: what is not new is there.
        return [each if each.payment_id in new else found[each.idempotency_key] for each in payments]

    async def record_charged(self, payment: Payment) -> Payment:
        """See PaymentStore.record_charged. The vouchers' locks keep two requests with one key apart."""
        now_ms, house_id = self._clock.now_ms(), payment.house_id
        async with connected(self._engine, HouseScope(house_id)) as connection:
            named = [charge.voucher_id for charge in vouchers_of(payment)]
            vouchers = await self._vouchers.locked(connection, house_id, named)
            taken = await connection.execute(_FIND_BY_KEY, {"of_house": house_id, "keys": [payment.idempotency_key]})
            row = taken.mappings().first()
            if row is not None:
                return payment_of(row)
            exchanged = None
            if payment.exchanged_from:
                found = await connection.execute(_FIND, {"of_house": house_id, "payment_ids": [payment.exchanged_from]})
                exchanged = next((payment_of(row) for row in found.mappings()), None)
            outcome = charged(payment, vouchers, now_ms, exchanged)
            after = outcome.payment
            inserted = await connection.execute(*recording([after]))
            if inserted.first() is None:  # a request with other vouchers under the same key was faster
                raise KeyTaken
            await self._vouchers.write(connection, house_id, outcome.entries)
            events = _events(after, Decision(Verdict.STAY, outcome.changes))
            if events:
                await enqueue(connection, events, now_ms=now_ms, ids=self._ids)
                after_commit(connection, self._on_events)
        return after

    async def find(self, house_id: str, payment_id: str) -> Payment | None:
        return await self._finds.ask(house_id, payment_id)

    async def _find_all(self, house_id: str, payment_ids: Sequence[str]) -> Sequence[Payment | None]:
        wanted = {"of_house": house_id, "payment_ids": sorted(set(payment_ids))}
        async with connected(self._single, HouseScope(house_id)) as connection:
            found = {row["payment_id"]: payment_of(row) for row in (await connection.execute(_FIND, wanted)).mappings()}
        return [found.get(payment_id) for payment_id in payment_ids]

    async def find_by_key(self, house_id: str, idempotency_key: str) -> Payment | None:
        wanted = {"of_house": house_id, "keys": [idempotency_key]}
        async with connected(self._single, HouseScope(house_id)) as connection:
            row = (await connection.execute(_FIND_BY_KEY, wanted)).mappings().first()
        return payment_of(row) if row is not None else None

    async def payment_refunded_under(self, house_id: str, refund_key: str) -> str | None:
        return await self._refund_keys.ask(house_id, refund_key)

    async def _find_refund_keys(self, house_id: str, keys: Sequence[str]) -> Sequence[str | None]:
        async with connected(self._single, HouseScope(house_id)) as connection:
            return await refunded_under(connection, house_id, keys)

    async def change(
        self,
        house_id: str,
        payment_id: str,
        decide: Callable[[Payment], Decision],
        *,
        visited: bool = False,
        settles: Sequence[WebhookEvent] = (),
        known: Payment | None = None,
    ) -> tuple[Payment, Decision] | None:
        if known is not None and not settles and not known.limits:
            stored = await self._change_known(known, decide, visited)
            if stored is not None:
                return stored
        return await self._changes.ask(house_id, _Asked(payment_id, decide, visited, settles))

    async def _change_all(self, house_id: str, group: Sequence[_Asked]) -> Sequence[_Changed | ItemBroke]:
        """Several changes of one payment follow each other, as if each had waited for the lock.

        What this process wrote last is most likely how they are: then nothing is read, and nobody locked.
        """
        ids = sorted({asked.payment_id for asked in group})
        written = {one: payment for one in ids if (payment := self._written.pop((house_id, one), None)) is not None}
        if len(written) == len(ids):
            with contextlib.suppress(_Overtaken):
                return await self._changed(house_id, group, written)
        return await self._changed(house_id, group, None)

    async def _changed(
        self, house_id: str, group: Sequence[_Asked], known: Mapping[str, Payment] | None
    ) -> Sequence[_Changed | ItemBroke]:
        """Raises _Overtaken where a payment is not as it is known, or what is known is not enough to tell."""
        async with connected(self._engine, HouseScope(house_id)) as connection:
            before = await self._locked(connection, house_id, group) if known is None else known
            after, answers, events = dict(before), list[_Changed | ItemBroke](), list[OutgoingEvent]()
            for asked in group:
                answer = self._answered(after, asked)
                answers.append(answer)
                if isinstance(answer, tuple):
                    after[asked.payment_id] = answer[0]
            await self._judge(connection, house_id, before, after, answers)
            for answer in answers:
                if isinstance(answer, tuple):
                    events += _events(*answer)
                    events += acts_of(answer[0], answer[1].changes, now_ms=self._clock.now_ms(), ids=self._ids)
            moved = [(before[one], payment) for one, payment in after.items() if payment != before[one]]
            # Who was told that nothing changes, or was refused, was told so about how it really stands.
            if known is not None and (len(moved) < len(before) or not all(isinstance(one, tuple) for one in answers)):
                raise _Overtaken
            if moved:
                stored = (await connection.execute(*storing(moved))).all()
                if known is not None and len(stored) < len(moved):
                    raise _Overtaken
                await take_refund_keys(connection, house_id, (one for one in answers if isinstance(one, tuple)))
            if events:
                await enqueue(connection, events, now_ms=self._clock.now_ms(), ids=self._ids)
                after_commit(connection, self._on_events)
            told = [(one[0], one[1].changes) for one in answers if isinstance(one, tuple) and one[0].moves_vouchers]
            if told:
                await self._vouchers.follow(connection, told, self._clock.now_ms())
            settled = [
                (before[asked.payment_id].account, event)
                for asked, answer in zip(group, answers, strict=True)
                if isinstance(answer, tuple)
                for event in asked.settles
            ]
            if settled:
                await connection.execute(*working_off(settled, house_id, self._clock.now_ms()))
        return answers

    @staticmethod
    async def _locked(connection: AsyncConnection, house_id: str, group: Sequence[_Asked]) -> dict[str, Payment]:
        wanted = {"of_house": house_id, "payment_ids": sorted({asked.payment_id for asked in group})}
        return {row["payment_id"]: payment_of(row) for row in (await connection.execute(_LOCK, wanted)).mappings()}

    async def _judge(
        self,
        connection: AsyncConnection,
        house_id: str,
        before: Mapping[str, Payment],
        after: dict[str, Payment],
        answers: list[_Changed | ItemBroke],
    ) -> None:
        """Money of a card that has paid for too much is not kept: called off while it has not moved."""
        refused = await judge(connection, house_id, [(before[payment_id], one) for payment_id, one in after.items()])
        for place, answer in enumerate(answers):
            if not isinstance(answer, tuple) or answer[0].payment_id not in refused:
                continue
            payment, decision = answer
            changes = over_limit_changes(payment, refused[payment.payment_id], self._clock.now_ms())
            for change in changes:
                payment = apply(payment, change)
            answers[place] = (payment, Decision(decision.verdict, (*decision.changes, *changes)))
            after[payment.payment_id] = payment

    def _answered(self, payments: Mapping[str, Payment], asked: _Asked) -> _Changed | ItemBroke:
        """One that cannot be decided changes nothing, and keeps no other from being stored."""
        payment = payments.get(asked.payment_id)
        if payment is None:
            return None
        try:
            return self._decided(payment, asked.decide, asked.visited)
        except Exception as error:  # noqa: BLE001 (it is raised to who asked)
            return ItemBroke(error)

    async def _change_known(
        self, known: Payment, decide: Callable[[Payment], Decision], visited: bool
    ) -> tuple[Payment, Decision] | None:
        """One statement where nothing is published; None when somebody was faster or there is more to do."""
        after, decision = self._decided(known, decide, visited)
        if after == known or _events(after, decision):
            return None
        if not await self._known_changes.ask(known.house_id, (known, after)):
            return None
        self._remember(after)
        return after, decision

    def _remember(self, payment: Payment) -> None:
        """For the word that it is paid, which comes next."""
        if payment.state is PaymentState.PENDING:
            self._written[payment.house_id, payment.payment_id] = payment
            while len(self._written) > _MOST_REMEMBERED:
                self._written.popitem(last=False)

    async def _store_all(self, house_id: str, group: Sequence[Moved]) -> Sequence[bool]:
        """Whether each was still as its caller knew it. Of two that knew the same, the first is stored."""
        first: dict[str, Moved] = {}
        for moved in group:
            first.setdefault(moved[1].payment_id, moved)
        async with connected(self._single, HouseScope(house_id)) as connection:
            done = await connection.execute(*storing([first[payment_id] for payment_id in sorted(first)]))
            stored = {row.payment_id for row in done}
        return [moved is first[moved[1].payment_id] and moved[1].payment_id in stored for moved in group]

    def _decided(
        self, before: Payment, decide: Callable[[Payment], Decision], visited: bool
    ) -> tuple[Payment, Decision]:
        decision = decide(before)
        after = before
        for change in decision.changes:
            after = apply(after, change)
        after = rescheduled(
            before, after, visited=visited, retry_policy=self._retry_policy, now_ms=self._clock.now_ms()
        )
        return (after if after == before else replace(after, version=before.version + 1)), decision

    async def stuck_page(self, house_id: str, after_payment_id: str, limit: int) -> Sequence[Payment]:
        mine = and_(PAYMENTS.c.house_id == house_id, PAYMENTS.c.payment_id > after_payment_id, _STUCK)
        wanted = select(PAYMENTS).where(mine).order_by(PAYMENTS.c.payment_id).limit(limit)
        async with connected(self._single, HouseScope(house_id)) as connection:
            return [payment_of(row) for row in (await connection.execute(wanted)).mappings()]

    async def lease_due(self, limit: int, lease_seconds: float) -> Sequence[Payment]:
        """See PaymentStore.lease_due. The lease is the next attempt itself, moved ahead."""
        now_ms = self._clock.now_ms()
        due = (
            select(PAYMENTS.c.payment_id)
            .where(PAYMENTS.c.next_attempt_at_ms <= now_ms)
            .order_by(PAYMENTS.c.next_attempt_at_ms)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        statement = (
            update(PAYMENTS)
            .where(PAYMENTS.c.payment_id.in_(due))
            .values(next_attempt_at_ms=now_ms + int(lease_seconds * 1000), version=PAYMENTS.c.version + 1)
            .returning(*PAYMENTS.c)
        )
        async with connected(self._single, _DUE) as connection:
            return [payment_of(row) for row in (await connection.execute(statement)).mappings()]

    async def count_uncertain(self) -> int:
        creating = PAYMENTS.c.state.in_([PaymentState.CREATING.value, PaymentState.AUTHORISED.value])
        unanswered = and_(PAYMENTS.c.cancel_asked_at_ms.is_not(None), PAYMENTS.c.state == PaymentState.PENDING.value)
        statement = select(func.count()).where(PAYMENTS.c.next_attempt_at_ms.is_not(None), or_(creating, unanswered))
        async with connected(self._single, _COUNTS) as connection:
            return int((await connection.execute(statement)).scalar_one())

    async def count_waiting_for_people(self) -> tuple[int, int]:
        async with connected(self._single, _COUNTS) as connection:
            row = (await connection.execute(_WAITING)).one()
        return row.stuck, row.disputed


def _events(payment: Payment, decision: Decision) -> list[OutgoingEvent]:
    return [event for change in decision.changes if (event := event_of(payment, change)) is not None]
