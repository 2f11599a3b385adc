"""The guards of the saga and of its groups, each removed by a patch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import pytest

from services.orders.adapters import memory_order_store
from services.orders.adapters.memory_order_store import MemoryOrderStore
from services.orders.adapters.order_turns import Asked, OrderTurn, change_within
from services.orders.domain import line_acts, payment_reports, refund_books, steps, transitions
from services.orders.domain.changes import Change, LinesCancelled, OrderCancelled, ReleaseAsked, SeatsChanged
from services.orders.domain.commands import ClaimRefused, NoClaim, PaymentRefused
from services.orders.domain.order import CancelReason, LineStatus, Order, OrderState, SeatStatus
from services.orders.domain.refunds import LineRef
from services.orders.domain.steps import NextStep, Step
from services.orders.handlers.saga import Saga
from services.orders.ports import Unanswered
from services.runtime.outbox.event import OutgoingEvent
from tests.simulation.orders.grouped_store import GroupedOrderStore

Lines = tuple[LineRef, ...]


def release_on_timeout(patch: pytest.MonkeyPatch) -> None:
    """The time to pay is over, so the seats go: no word of the provider is awaited (against RULE 25)."""

    def freed(order: Order, part: int, now_ms: int) -> tuple[Change, ...]:
        if order.state is OrderState.CANCELLING:
            return (SeatsChanged(SeatStatus.FREED, part), OrderCancelled(CancelReason.UNPAID, now_ms))
        return () if order.parts[part].seats is SeatStatus.FREED else (SeatsChanged(SeatStatus.FREED, part),)

    patch.setattr(steps, "_cancelling_step", lambda order: NextStep(Step.CANCEL_CLAIM))
    patch.setattr(transitions, "on_seats_freed", freed)
    patch.setattr(payment_reports, "_on_success", _only_while_paying)


def forget_late_success(patch: pytest.MonkeyPatch) -> None:
    """Money that comes after the order was cancelled is nobody's business."""
    patch.setattr(payment_reports, "_on_success", _only_while_paying)


_on_success = payment_reports._on_success


def _only_while_paying(order: Order, payment_id: str, now_ms: int, *, over_limit: bool) -> tuple[Change, ...]:
    paying = order.state is OrderState.PAYING
    return _on_success(order, payment_id, now_ms, over_limit=over_limit) if paying else ()


def uncertain_claim_is_refused(patch: pytest.MonkeyPatch) -> None:
    """No answer to ClaimSeats means that the hold has ended."""
    _answer_uncertainty_with(patch, Step.CLAIM_HELD_SEATS, ClaimRefused(NoClaim.HOLD_ENDED))


def uncertain_payment_is_refused(patch: pytest.MonkeyPatch) -> None:
    """No answer to CreatePayment means that there is none."""
    _answer_uncertainty_with(patch, Step.CREATE_PAYMENT, PaymentRefused())


def _answer_uncertainty_with(patch: pytest.MonkeyPatch, step: Step, command: object) -> None:
    perform = Saga._perform

    async def hasty(self: Saga, asked: Step, order: Order, place: int) -> object:
        try:
            return await perform(self, asked, order, place)
        except Unanswered:
            if asked is not step:
                raise
            return command

    patch.setattr(Saga, "_perform", hasty)


def refund_forgets_the_seats(patch: pytest.MonkeyPatch) -> None:
    """Once the money is back, nobody remembers that the seats are still sold."""
    patch.setattr(steps, "_freeing_step", lambda order: None)


def new_key_each_time(patch: pytest.MonkeyPatch) -> None:
    """A repeated CreatePayment is another payment."""
    numbers = count()
    patch.setattr(Order, "payment_key", property(lambda order: f"{order.order_id}-{next(numbers)}"))


def answered_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    """Whoever asked goes on with what a group decided; the commit comes a moment later, or never."""
    commit = GroupedOrderStore.commit
    under_way: set[asyncio.Task[object]] = set()

    async def hasty(self: GroupedOrderStore, house_id: str, group: Sequence[Asked]) -> object:
        answers = self.record.copy().commit(group)
        task = asyncio.ensure_future(commit(self, house_id, group))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        return answers

    patch.setattr(GroupedOrderStore, "commit", hasty)


def group_written_in_part(patch: pytest.MonkeyPatch) -> None:
    """The orders of a group first and its events after them, in a transaction of their own."""

    async def in_two(self: GroupedOrderStore, house_id: str, group: Sequence[Asked]) -> object:
        async def orders() -> tuple[object, list[OutgoingEvent]]:
            known = len(self.record.events)
            answers = self.record.commit(group)
            told = self.record.events[known:]
            del self.record.events[known:]
            return answers, told

        async def events() -> None:
            self.record.events += told

        answers, told = await self.way("commit", orders)
        await self.way("commit", events)
        return answers

    patch.setattr(GroupedOrderStore, "commit", in_two)


def group_in_the_wrong_order(patch: pytest.MonkeyPatch) -> None:
    """What was asked last of an order is done first."""
    commit = MemoryOrderStore.commit

    def backwards(self: MemoryOrderStore, group: Sequence[Asked]) -> object:
        return list(reversed(commit(self, list(reversed(group)))))

    patch.setattr(MemoryOrderStore, "commit", backwards)


def changes_of_a_group_do_not_see_each_other(patch: pytest.MonkeyPatch) -> None:
    """Each is decided on the order as it was read, and the last one stays."""

    def blind(turn: OrderTurn, *others: Any) -> object:
        turn.row = turn.before
        return change_within(turn, *others)

    patch.setattr(memory_order_store, "change_within", blind)


def lines_refunded_twice(patch: pytest.MonkeyPatch) -> None:
    """What is owed back of a line already is owed again to whoever asks again."""
    cells_of = refund_books.cells_of
    patch.setattr(line_acts, "cells_of", lambda order, *, with_due: cells_of(order, with_due=not with_due))


def _status_of(patch: pytest.MonkeyPatch, status: LineStatus, choose: Callable[[Order, Lines], Lines]) -> None:
    with_status = line_acts.with_status

    def mistaken(order: Order, lines: Lines, wanted: LineStatus) -> Order:
        return with_status(order, choose(order, lines) if wanted is status else lines, wanted)

    patch.setattr(transitions, "with_status", mistaken)


def lines_cancelled_in_part(patch: pytest.MonkeyPatch) -> None:
    """Of the lines that are told as cancelled the first one lets its holder in all the same."""
    _status_of(patch, LineStatus.CANCELLED, lambda _, lines: lines[1:])


def released_before_cancelled(patch: pytest.MonkeyPatch) -> None:
    """The seat goes back on sale, and its ticket was never told as cancelled."""
    on_line_acts = line_acts.on_line_acts

    def hasty(order: Order, asked: Any, now_ms: int) -> object:
        changes = on_line_acts(order, asked, now_ms)
        if isinstance(changes, tuple) and any(isinstance(change, ReleaseAsked) for change in changes):
            return tuple(change for change in changes if not isinstance(change, LinesCancelled))
        return changes

    patch.setattr(transitions, "on_line_acts", hasty)


def wrong_line_of_the_order(patch: pytest.MonkeyPatch) -> None:
    """Inventory has released a seat, and another line of the order is told as released."""

    def another(order: Order, lines: Lines) -> Lines:
        every = [LineRef(part.performance_id, line.seat_id) for part in order.parts for line in part.lines]
        return tuple(every[every.index(line) - 1] for line in lines)

    _status_of(patch, LineStatus.RELEASED, another)
