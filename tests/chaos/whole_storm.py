"""One storm on a whole stack: buyers come all the time, faults by a schedule, then quiet, `balcon audit`, judgement."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from services.console.audit.collect import collect
from services.console.audit.facts import Facts
from services.console.audit.verdict import Verdict, audit, broken_rows
from services.console.commands.demo import NORMAL, Tempo
from services.console.sale.crowd import Crowd
from services.console.sale.demo_house import demo_plan
from services.console.sale.quiescence import wait_until_quiet
from services.console.sale.scoreboard import unresolved_orders
from services.console.sale.script import Pace
from services.console.sale.tally import Progress, Tally, merge
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.testing import eventually
from tests.chaos.provider_books import agree_in_time, money_under_way, provider_disagrees
from tests.chaos.whole_faults import WholeInjector, kinds_of, schedule
from tests.chaos.whole_stack import SMALL_PLAN, WholeStack, running_whole_stack

# More than they want on average: a sold-out house has no more to show.
SEATS_PER_BUYER = 3
SMALL_SEATS = 618
FIRST_TICKET_SECONDS = 120.0
QUIET_SECONDS = 180.0
# A slow machine's faults outlast the first buyers: others come, as many in so many seconds.
FURTHER_SECONDS = 10.0
# A no that a buyer's script does not know, as the tally words it; no answer in time has a colon more.
_UNKNOWN_REFUSAL = re.compile(r"buyer \d+: [A-Z_]+")
# Whatever is taken away otherwise, buyers need not notice.
FELT_BY_BUYERS = {f"{how}_{service}" for how in ("kill", "stop") for service in ("inventory", "orders")} | {
    "postgres_restart",
    "valkey_failover",
}
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class WholeStorm:
    """What kind of run. Empty `kinds`: every one of the stack's."""

    seed: int
    seconds: float
    kinds: Sequence[str] = ()
    with_kafka: bool = False
    performances: int = 3
    buyers_per_second: float = 4.0
    tempo: Tempo = NORMAL
    # Buyers are in the shop before the first fault.
    warm_seconds: float = 6.0

    @property
    def buyers(self) -> int:
        """How many come."""
        return int(self.seconds * self.buyers_per_second)

    @property
    def plans(self) -> list[bytes]:
        """The small theatre while it is large enough."""
        small = SMALL_PLAN.read_bytes()
        is_enough = self.buyers * SEATS_PER_BUYER <= self.performances * SMALL_SEATS
        return [small if is_enough else demo_plan()] * self.performances


@dataclass(slots=True)
class WholeOutcome:
    """What came of it."""

    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    tickets_before_faults: int = 0
    buyers: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0
    sent_again: int = 0
    seats_sold: int = 0
    orders: dict[str, int] = field(default_factory=dict)
    payments: int = 0
    refunded: int = 0
    restarts: dict[str, int] = field(default_factory=dict)
    holds_lost: int = 0
    bus_held_back: int = 0
    quiet_after_seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    void: list[str] = field(default_factory=list)


async def run_whole_storm(storm: WholeStorm, clock: Clock, ids: Ids, path: Path, tell: Tell) -> WholeOutcome:
    """The whole run. `tell` hears what happens."""
    async with running_whole_stack(
        clock, ids, path, with_kafka=storm.with_kafka, plans=storm.plans, tempo=storm.tempo, seed=storm.seed, tell=tell
    ) as stack:
        return await _Run(storm, stack, clock, tell).run()


class _Run:
    def __init__(self, storm: WholeStorm, stack: WholeStack, clock: Clock, tell: Tell) -> None:
        self._storm = storm
        self._stack = stack
        self._clock = clock
        self._tell = tell
        self._kinds = tuple(storm.kinds) or kinds_of(stack.bus.kinds)
        self._injector = WholeInjector(stack, clock)
        self._opened = clock.monotonic()
        self._tickets = 0
        self._crowds = 0
        self._places = stack.seats // SEATS_PER_BUYER
        self._faults_are_over = False
        self._outcome = WholeOutcome()

    def _now(self) -> float:
        return self._clock.monotonic() - self._opened

    def _note(self, text: str) -> None:
        self._tell(f"{self._now():6.1f} s  {text}")

    async def run(self) -> WholeOutcome:
        """Buyers and faults side by side, the quiet, the judgement."""
        storm, outcome = self._storm, self._outcome
        async with self._crowd(min(storm.buyers, self._places), storm.seconds) as crowd:
            self._opened = self._clock.monotonic()
            buying = asyncio.create_task(self._buy(crowd))
            try:
                await self._do_faults()
                self._faults_are_over = True
                healed = self._now()
                self._note("no more faults")
                tally = await buying
            finally:
                buying.cancel()
                await asyncio.gather(buying, return_exceptions=True)
        self._note("the last buyer has left")
        verdict = await self._audit_in_quiet()
        outcome.quiet_after_seconds = round(self._now() - healed, 1)
        outcome.seconds = round(self._now(), 1)
        self._judge(tally, verdict)
        self._cover(tally)
        return outcome

    def _crowd(self, buyers: int, seconds: float) -> Crowd:
        """So many of the places that are left, over so many seconds, by a seed that no crowd before had."""
        pace = self._storm.tempo.pace
        crowded = Pace(seconds, pace.shortest_patience_seconds, pace.longest_patience_seconds)
        self._places -= buyers
        self._crowds += 1
        before = self._tickets

        def watch(latest: Progress) -> None:
            self._tickets = before + latest.tickets

        return Crowd(self._stack.assignments(self._storm.seed + self._crowds - 1, buyers, crowded), watch)

    async def _buy(self, first: Crowd) -> Tally:
        """Somebody is there to feel each fault, however long it takes, while there are seats."""
        tallies = [await first.run()]
        further = int(FURTHER_SECONDS * self._storm.buyers_per_second)
        while not self._faults_are_over and self._places >= further:
            async with self._crowd(further, FURTHER_SECONDS) as crowd:
                tallies.append(await crowd.run())
        return merge(tallies)

    async def _do_faults(self) -> None:
        """Until the time is up and every kind has come."""
        await self._clock.sleep(self._storm.warm_seconds)
        with suppress(AssertionError):
            # Without one the run is void.
            await eventually(lambda: self._tickets, FIRST_TICKET_SECONDS)
        self._outcome.tickets_before_faults = self._tickets
        faults = self._outcome.faults
        for planned in schedule(self._storm.seed, self._kinds):
            if self._now() >= self._storm.seconds and len(faults) == len(self._kinds):
                return
            await self._clock.sleep(planned.calm_seconds)
            started = self._now()
            detail = await self._injector.inject(planned)
            faults[planned.kind] += 1
            self._tell(f"{started:6.1f} s  {planned.kind:22} {detail} ({self._tickets} tickets)")

    async def _audit_in_quiet(self) -> Verdict:
        record, wrong = self._stack.services.record, self._outcome.wrong
        # First: money that comes at the provider's own time wakes an order up that has ended, and quiet ends with it.
        if not await agree_in_time(self._stack.ledger, self._payments_say, QUIET_SECONDS):
            wrong.append(f"the provider and payments do not agree after {QUIET_SECONDS:.0f} s")
        if not await wait_until_quiet(record, "", self._clock, QUIET_SECONDS):
            wrong.append(f"not quiet after {QUIET_SECONDS:.0f} s")
        return await audit(record.targets, self._clock)

    async def _payments_say(self) -> Facts:
        asked = {"payments": self._stack.services.record.targets["payments"]}
        return (await collect(asked, "", self._clock)).facts

    def _judge(self, tally: Tally, verdict: Verdict) -> None:
        wrong = self._outcome.wrong
        wrong += broken_rows(verdict)
        wrong += [f"{service} did not answer the audit: {reason}" for service, reason in verdict.silent.items()]
        wrong += [
            f"order {order.order_id} is {order.state} in the quiet"
            for order in verdict.facts.orders
            if unresolved_orders(verdict) and order.state not in {"OPEN", "CONFIRMED", "CANCELLED", "REFUNDED"}
        ]
        recorded = {(ticket.seat_id, ticket.order_id) for ticket in verdict.facts.tickets}
        wrong += [
            f"buyer {ticket.buyer} has a ticket for {ticket.seat_id} of order {ticket.order_id}, which nobody knows"
            for ticket in tally.tickets
            if (ticket.seat_id, ticket.order_id) not in recorded
        ]
        wrong += [text for text in tally.errors if _UNKNOWN_REFUSAL.fullmatch(text)]
        wrong += provider_disagrees(self._stack.ledger, verdict.facts)
        self._fill(tally, verdict.facts)

    def _fill(self, tally: Tally, facts: Facts) -> None:
        outcome = self._outcome
        outcome.buyers = tally.left
        outcome.outcomes = dict(sorted(tally.outcomes.items()))
        outcome.refusals = dict(sorted(tally.refusals.items()))
        outcome.unanswered = tally.error_count
        outcome.sent_again = sum(count for name, count in tally.counts.items() if name.startswith("again_"))
        outcome.seats_sold = sum(seat.sold for seat in facts.seats)
        outcome.orders = dict(sorted(Counter(order.state for order in facts.orders).items()))
        outcome.payments = len(facts.payments)
        outcome.refunded = sum(payment.refunded for payment in facts.payments)
        outcome.restarts = self._stack.services.restarts
        outcome.holds_lost = self._injector.cluster.lost
        outcome.bus_held_back = self._injector.held_back

    def _cover(self, tally: Tally) -> None:
        """Why the run proves nothing, if so (RULE 37)."""
        outcome, faults = self._outcome, self._outcome.faults
        void = outcome.void
        void += [f"fault {kind} was never injected" for kind in self._kinds if not faults[kind]]
        void += self._injector.restarts_missing(faults)
        if outcome.tickets_before_faults < 1:
            void.append("no ticket was sold before the first fault")
        if len(tally.tickets) <= outcome.tickets_before_faults:
            void.append("no ticket was sold after the first fault")
        if outcome.sent_again < 1 and FELT_BY_BUYERS.intersection(faults):
            void.append("no buyer had to send anything again")
        if faults["valkey_failover"] and outcome.holds_lost < 1:
            void.append("the failover lost no hold")
        if money_under_way(self._stack.ledger):
            void.append("money was still to move at the provider when payments was asked")
        if any(kind.startswith("bus_") for kind in faults) and outcome.bus_held_back < 1:
            void.append("no event had to wait for the bus")
