"""One target's turn: carries what is due to it, a bounded number of calls at once, and writes what came of each.

It never reads a clock of its own to decide who may carry: the lease does, and the database knows whose it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.outbound.answers import word_of
from services.runtime.outbound.leases import EXPIRED_NOTE, Lease, Leases, Report, Told, Waiting
from services.runtime.outbound.ledger import Line
from services.runtime.outbound.port import (
    Carried,
    Carrier,
    Dispatch,
    Done,
    Exchange,
    Later,
    Locked,
    Outcome,
    Settled,
    is_delivered,
)
from services.runtime.outbound.retrying import CLOSED, Chance, Health, RetryLimits, after_fault, wait_ms
from services.runtime.outbound.tallies import count_carried
from services.runtime.outbox.retries import Backoff
from services.runtime.seal import Seal, SealBroken
from services.runtime.sql.faults import is_transient
from services.runtime.telemetry.logging import get_logger

_EXPIRED = Done(Settled.EXPIRED, EXPIRED_NOTE)
_SEALED = Later("its body cannot be opened: the secret that sealed it is not in the settings", is_targets_fault=False)
_ABOUTS = 10

_log = get_logger("outbound")


@dataclass(frozen=True, slots=True)
class RunLimits:
    """`lease_seconds`: how long a target waits for others when a process dies. `carry_seconds`: of one carry().

    `turn_seconds`: after it a target stands behind those that wait. `margin_seconds`: taken off a lease by its holder.
    """

    lease_seconds: float = 30.0
    margin_seconds: float = 5.0
    carry_seconds: float = 120.0
    turn_seconds: float = 10.0
    retries: RetryLimits = field(default_factory=RetryLimits)


@dataclass(frozen=True, slots=True)
class Carrying:
    """What every run of a process works with."""

    integration: str
    leases: Leases
    carrier: Carrier
    seal: Seal
    clock: Clock
    ids: Ids
    chance: Chance
    limits: RunLimits


@dataclass(slots=True)
class _Call:
    """One carry(): what was given, what was raised, how long it took."""

    given: Sequence[Waiting]
    carried: Carried | None = None
    fault: str = ""
    at_ms: int = 0
    took_ms: int = 0


class TargetRun:
    """From a lease to its end. `reports` grows with each that is written: whoever watches sees whether it is stuck."""

    def __init__(self, parts: Carrying, lease: Lease) -> None:
        self._parts = parts
        self._lease = lease
        self._health = lease.health
        self._is_open = True
        self._is_released = False
        self._valid_until = parts.clock.monotonic()
        self._calls: dict[asyncio.Task[_Call], Sequence[Waiting]] = {}
        self.reports = 0
        # Set by whoever ends the process: what is under way is finished, nothing more begins.
        self.is_stopping = False

    async def go(self) -> None:
        """Until nothing is due, the turn is over, or the target may not be spoken to any more."""
        ends_at = self._parts.clock.monotonic() + self._parts.limits.turn_seconds
        is_over = False
        try:
            while True:
                if self._is_open and not self.is_stopping and not is_over:
                    await self._begin()
                # Looked at afterwards: each turn gets on, however short it is.
                is_over = self._parts.clock.monotonic() >= ends_at
                if not self._calls:
                    break
                await self._finish()
        finally:
            await self._abandon()
        if not self._is_released:
            await self._parts.leases.release(self._lease)

    async def _begin(self) -> None:
        """As many calls as there is room for; a target that has failed much is tried with one."""
        limits = self._parts.carrier.limits
        room = (1 if self._health.is_half_open(self._parts.limits.retries) else limits.at_once) - len(self._calls)
        if room <= 0:
            return
        busy = [waiting.dispatch_id for given in self._calls.values() for waiting in given]
        asked_at = self._parts.clock.monotonic()
        try:
            found = await self._parts.leases.next(self._lease, room * limits.batch, busy, **self._lease_times())
        except Exception as error:
            # What is under way is finished first: it would go twice.
            if not busy or not is_transient(error):
                raise
            return
        if not found:
            self._is_open = bool(busy)
            self._is_released = not busy
            return
        self._renewed(asked_at)
        ready, told = self._opened(found)
        if told:
            await self._report(Report(self._health, told, ()))
            if not self._is_open:
                # Lost meanwhile: somebody else may be carrying them.
                return
        for batch in _batches(ready, limits.batch)[:room]:
            self._calls[asyncio.create_task(self._carry(batch))] = batch

    def _opened(self, found: Sequence[Waiting]) -> tuple[list[Waiting], list[Told]]:
        """Those that may go, with their bodies; and those that nobody is asked about."""
        now_ms = self._parts.clock.now_ms()
        ready: list[Waiting] = []
        told: list[Told] = []
        for waiting in found:
            dispatch = waiting.dispatch
            if 0 < dispatch.expires_at_ms <= now_ms:
                told.append(Told(waiting, _EXPIRED, carried=0))
                continue
            try:
                body = self._parts.seal.opened(dispatch.body)
            except SealBroken:
                told.append(Told(waiting, _SEALED, due_at_ms=now_ms + self._wait_ms(dispatch, _SEALED)))
            else:
                ready.append(replace(waiting, dispatch=replace(dispatch, body=body)))
        return ready, told

    async def _carry(self, given: Sequence[Waiting]) -> _Call:
        """Never raises: what the carrier raises is a fault of ours, and is counted."""
        call = _Call(given, at_ms=self._parts.clock.now_ms())
        started = self._parts.clock.monotonic()
        try:
            async with asyncio.timeout(self._parts.limits.carry_seconds):
                carried = await self._parts.carrier.carry(self._lease.target, [each.dispatch for each in given])
            if len(carried.outcomes) == len(given):
                call.carried = carried
            else:
                call.fault = f"{len(carried.outcomes)} outcomes for {len(given)} dispatches"
        except TimeoutError:
            later = Later(f"nothing was known after {self._parts.limits.carry_seconds:g} s", is_uncertain=True)
            call.carried = Carried([later] * len(given))
        except Exception as error:  # noqa: BLE001 (whatever it is, others of the target must not wait for it)
            call.fault = type(error).__name__
            _log.error(
                "carrier_broke", integration=self._parts.integration, target_id=self._lease.target.target_id,
                dispatch_id=given[0].dispatch_id, dispatches=len(given), exc_info=error,
            )  # fmt: skip
        call.took_ms = int((self._parts.clock.monotonic() - started) * 1000)
        return call

    async def _finish(self) -> None:
        """Waits for calls, keeping the lease meanwhile, and writes what came of those that ended."""
        beat = self._parts.limits.lease_seconds / 3
        done, _ = await asyncio.wait(self._calls, timeout=beat, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            await self._keep()
            return
        calls = [task.result() for task in done]
        for task in done:
            del self._calls[task]
        await self._report(self._reported(calls))

    def _reported(self, calls: Sequence[_Call]) -> Report:
        told: list[Told] = []
        lines: list[Line] = []
        locked_why = failure = ""
        has_succeeded = False
        for call in calls:
            outcomes = self._outcomes(call)
            exchanges = self._exchanges(call, outcomes)
            abouts = ", ".join([each.dispatch.about for each in call.given if each.dispatch.about][:_ABOUTS])
            lines += [Line(self._parts.ids.new_id("exc"), exchange, abouts) for exchange in exchanges]
            exchange_id = lines[-1].exchange_id if exchanges else ""
            self._health = self._health_after(outcomes)
            now_ms = self._parts.clock.now_ms()
            for waiting, outcome in zip(call.given, outcomes, strict=True):
                due_at_ms = waiting.dispatch.due_at_ms
                if isinstance(outcome, Later):
                    due_at_ms = now_ms + self._wait_ms(waiting.dispatch, outcome)
                told.append(Told(waiting, outcome, due_at_ms, bool(call.fault), exchange_id=exchange_id))
            locked_why = next((each.note or "locked" for each in outcomes if isinstance(each, Locked)), locked_why)
            has_succeeded |= any(is_delivered(each) for each in outcomes)
            failure = next((each.note or word_of(each) for each in outcomes if _is_failure(each)), failure)
            count_carried(self._parts.integration, outcomes, exchanges, is_fault=bool(call.fault))
        return Report(self._health, told, lines, locked_why, has_succeeded, failure)

    def _outcomes(self, call: _Call) -> Sequence[Outcome]:
        if call.carried is not None:
            return call.carried.outcomes
        return [Later(f"a fault of ours: {call.fault}", is_targets_fault=False, is_uncertain=True)] * len(call.given)

    def _exchanges(self, call: _Call, outcomes: Sequence[Outcome]) -> Sequence[Exchange]:
        """Where a carrier tells of none, what it delivered is in the ledger too, or why it did not."""
        if call.carried is None:
            return ()
        if call.carried.exchanges:
            return call.carried.exchanges
        open_still = (each for each in outcomes if not isinstance(each, Done))
        told = next(chain(filter(is_delivered, outcomes), open_still), None)
        if told is None:
            return ()
        return [
            Exchange(
                target=self._lease.target, asked="", kind=call.given[0].dispatch.kind, at_ms=call.at_ms,
                took_ms=call.took_ms, status=0, answer=told.note, payload_hash="", dispatches=len(call.given),
                outcome=word_of(told),
            )
        ]  # fmt: skip

    def _health_after(self, outcomes: Sequence[Outcome]) -> Health:
        """One call counts once: it answered anything at all, or the target was at fault."""
        faults = [each for each in outcomes if isinstance(each, Later) and each.is_targets_fault]
        if any(isinstance(each, Done) and each.how is not Settled.DROPPED for each in outcomes) and not faults:
            return CLOSED
        if not faults:
            return self._health
        return after_fault(
            self._health,
            now_ms=self._parts.clock.now_ms(),
            asked_ms=max(each.after_ms for each in faults),
            limits=self._parts.limits.retries,
            chance=self._parts.chance,
        )

    def _wait_ms(self, dispatch: Dispatch, later: Later) -> int:
        retries = self._parts.limits.retries
        return wait_ms(dispatch.tries + 1, asked_ms=later.after_ms, limits=retries, chance=self._parts.chance)

    async def _report(self, report: Report) -> None:
        """As often as it takes while the lease lasts: an answer that is not written down is asked for again."""
        backoff = Backoff(0.1, 2.0, seed=self._lease.target.target_id)
        asked_at = self._parts.clock.monotonic()
        is_holder: bool | None = None
        while is_holder is None:
            asked_at = self._parts.clock.monotonic()
            try:
                is_holder = await self._parts.leases.report(self._lease, report, **self._lease_times())
            except Exception as error:
                if not is_transient(error) or asked_at >= self._valid_until:
                    raise
                await self._parts.clock.sleep(backoff.next_seconds())
        self.reports += 1
        if not is_holder:
            _log.warning("lease_lost", integration=self._parts.integration, target_id=self._lease.target.target_id)
            self._is_open = False
            return
        self._renewed(asked_at)
        is_resting = report.health.rests_until_ms > self._parts.clock.now_ms()
        self._is_open = self._is_open and not report.locked_why and not is_resting

    async def _keep(self) -> None:
        """Calls that outlast the lease are ended: somebody else may be carrying the same."""
        asked_at = self._parts.clock.monotonic()
        try:
            is_kept = await self._parts.leases.keep(self._lease, **self._lease_times())
        except Exception as error:
            if not is_transient(error):
                raise
            is_kept = asked_at < self._valid_until
        else:
            if is_kept:
                self._renewed(asked_at)
        if not is_kept:
            self._is_open = False
            await self._abandon()

    async def _abandon(self) -> None:
        tasks = list(self._calls)
        self._calls.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _lease_times(self) -> dict[str, int]:
        now_ms = self._parts.clock.now_ms()
        return {"now_ms": now_ms, "until_ms": now_ms + int(self._parts.limits.lease_seconds * 1000)}

    def _renewed(self, asked_at: float) -> None:
        limits = self._parts.limits
        self._valid_until = asked_at + limits.lease_seconds - limits.margin_seconds


def _is_failure(outcome: Outcome) -> bool:
    return not isinstance(outcome, Done) or outcome.how is Settled.REFUSED


def _batches(waiting: Sequence[Waiting], size: int) -> list[list[Waiting]]:
    """In order; one that brought a batch down before goes by itself."""
    batches: list[list[Waiting]] = []
    open_batch: list[Waiting] = []
    for each in waiting:
        if each.alone:
            batches.append([each])
            continue
        if not open_batch or len(open_batch) >= size:
            open_batch = []
            batches.append(open_batch)
        open_batch.append(each)
    return batches
