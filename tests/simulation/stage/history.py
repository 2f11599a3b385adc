"""What callers were told about seats, and the auditor of it: a small model that knows only who surely had which seat.

It knows no actor, epoch or store: one seat, one owner at a time; what was told may be lost only with the hold store.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from services.inventory.domain import commands as c
from services.inventory.domain import refusals as no
from services.inventory.domain.changes import Change
from services.inventory.domain.decisions import Accepted, Decision
from services.inventory.domain.records import Hold, HoldRules
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from tests.simulation.stage.ceilings import ONLINE, Ceilings, StoreTime
from tests.simulation.stage.house_history import HouseHistory
from tests.simulation.stage.tenures import FOR_EVER, Asked, Hand, Loss, Tenure

# Answers that deny a hold its owner surely has.
_DENIALS = (no.HoldNotFound, no.HoldEnded, no.HoldExpired, no.ClaimMismatch, no.SeatsTaken)


class History:
    """Told by every caller; read by nobody but itself."""

    def __init__(self, clock: Clock, rules: HoldRules, time: StoreTime) -> None:
        self._clock = clock
        self._rules = rules
        self._time = time
        self._tenures: list[Tenure] = []
        self._of: dict[tuple[str, str], list[Tenure]] = defaultdict(list)
        self._denied: list[tuple[Asked, float, str]] = []
        self.losses: list[Loss] = []
        self.violations: list[str] = []
        self.house = HouseHistory(self, clock)
        self.ceilings = Ceilings(clock, time)

    def asks(self, performance_id: str, command: c.Command) -> Asked:
        """Called before a command is sent: from now on its effect may happen."""
        asked = Asked(performance_id, command, self._clock.monotonic())
        match command:
            case c.ReleaseHold(hold_id=hold_id):
                self._end(performance_id, hold_id)
            case c.ExtendHold(hold_id=hold_id):
                asked.denies = self.living(performance_id, hold_id)
                for tenure in asked.denies:
                    tenure.may_last_longer = True
            case c.MoveHold(hold_id=hold_id, seats=seats):
                asked.denies = self.living(performance_id, hold_id)
                self._end(performance_id, hold_id, keep=seats)
            case c.ClaimSeats(order_id=order_id, hold_id=hold_id, seats=seats, reservation_id=reservation_id):
                self.house.claims(asked, order_id, seats)
                if reservation_id:
                    self._end(performance_id, reservation_id)
                if hold_id:
                    asked.denies = self.living(performance_id, hold_id)
                    self._end(performance_id, hold_id)
            case c.ConfirmClaim(order_id=order_id):
                asked.denies = self.living(performance_id, order_id)
                self.house.sells(performance_id, order_id)
            case c.CancelClaim(order_id=order_id) | c.CancelSale(order_id=order_id):
                self._end(performance_id, order_id)
            case c.ReleaseReservation(reservation_id=reservation_id):
                self._end(performance_id, reservation_id)
            case _:
                self.house.asks(asked)
        return asked

    def told(self, asked: Asked, decision: Decision | Refusal, epoch: int) -> None:
        """Called with the owner's word."""
        command = asked.command
        if isinstance(decision, Accepted):
            self._accepted(asked, decision, epoch)
        elif isinstance(decision, _DENIALS) and self._is_denial(command, decision):
            self._denied.append((asked, self._clock.monotonic(), decision.reason()))
        elif isinstance(command, c.ConfirmClaim) and isinstance(decision, no.ClaimNotFound) and asked.denies:
            self.violations.append(f"{asked.performance_id} forgot the claim of {command.order_id}")
        elif isinstance(decision, no.QuotaReached):
            self.ceilings.refuses(asked.performance_id, decision, asked.at)
            if isinstance(command, c.ClaimSeats) and command.hold_id:
                self.violations.append(f"{command} of what is held was told {decision}")
        else:
            self.house.refused(asked, decision)

    @staticmethod
    def _is_denial(command: c.Command, decision: Refusal) -> bool:
        # A move to taken seats is refused for good reasons.
        return not (isinstance(command, c.MoveHold) and isinstance(decision, no.SeatsTaken))

    def _accepted(self, asked: Asked, decision: Accepted[Change], epoch: int) -> None:
        performance_id, command = asked.performance_id, asked.command
        match command:
            case c.HoldSeats() | c.HoldBestAvailable() | c.MoveHold() if decision.hold is not None:
                hold, by_name = decision.hold, not isinstance(command, c.HoldBestAvailable)
                self.house.takes(asked, hold.seats, hold.channel if by_name else ONLINE)
                if not isinstance(command, c.MoveHold):
                    self.ceilings.takes(performance_id, hold.hold_id, len(hold.seats), hold.channel, asked.at)
                self._held(performance_id, hold, epoch)
            case c.ExtendHold() if decision.hold is not None:
                self._lasts_longer(performance_id, decision.hold)
            case c.ClaimSeats(order_id=order_id, hold_id=hold_id, seats=seats, channel=channel):
                self._claimed_too_late(asked)
                if not hold_id and not command.reservation_id:
                    self.house.takes(asked, seats, channel)
                    self.ceilings.takes(performance_id, order_id, len(seats), channel, asked.at)
                have = {tenure.seat for tenure in self.living(performance_id, order_id)}
                for seat in seats:
                    if seat not in have:
                        self.add(Tenure(performance_id, seat, order_id, epoch, self._clock.monotonic()))
            case c.ReserveSeats():
                self._promised(asked, command, epoch)
            case c.ConfirmClaim(order_id=order_id):
                for tenure in self.living(performance_id, order_id):
                    tenure.is_sold = True
            case _:
                self.house.obeyed(asked, epoch)

    def _lasts_longer(self, performance_id: str, hold: Hold) -> None:
        for tenure in self.living(performance_id, hold.hold_id):
            tenure.shown_until_ms = max(tenure.shown_until_ms or 0, hold.hold_until_ms)
            tenure.may_last_longer = False

    def _promised(self, asked: Asked, command: c.ReserveSeats, epoch: int) -> None:
        self.house.takes(asked, command.seats, command.channel)
        self.ceilings.takes(asked.performance_id, command.reservation_id, len(command.seats), command.channel, asked.at)
        for seat in command.seats:
            had = Tenure(asked.performance_id, seat, command.reservation_id, epoch, self._clock.monotonic())
            had.hand = Hand.PROMISED
            self.add(had)

    def _held(self, performance_id: str, hold: Hold, epoch: int) -> None:
        have = {tenure.seat for tenure in self.living(performance_id, hold.hold_id)}
        for seat in hold.seats:
            if seat not in have:
                tenure = Tenure(performance_id, seat, hold.hold_id, epoch, self._clock.monotonic())
                tenure.shown_until_ms = hold.hold_until_ms
                self.add(tenure)

    def _claimed_too_late(self, asked: Asked) -> None:
        """INV-6: nobody claims out of a hold that must have ended. Only where nobody set the store's clock."""
        if self._time.was_set or not asked.denies or any(tenure.may_last_longer for tenure in asked.denies):
            return
        ended = max(self._shown_end(tenure) for tenure in asked.denies) + self._rules.grace_ms / 1000
        late_seconds = asked.at - ended - self._time.behind_seconds
        if late_seconds > 0.002:
            self.violations.append(f"{asked.command} was obeyed {late_seconds:.3f} s after its hold's end and grace")

    def add(self, tenure: Tenure) -> None:
        """Somebody was told to have a seat."""
        self._tenures.append(tenure)
        self._of[tenure.performance_id, tenure.owner].append(tenure)

    def living(self, performance_id: str, owner: str) -> list[Tenure]:
        """What nothing has been asked for that may end it."""
        return [tenure for tenure in self._of[performance_id, owner] if tenure.ends_at == FOR_EVER]

    def _end(self, performance_id: str, owner: str, keep: tuple[int, ...] = ()) -> None:
        for tenure in self.living(performance_id, owner):
            if tenure.seat not in keep:
                tenure.ends_at = self._clock.monotonic()

    def loses(self, performance_id: str, epoch: int) -> None:
        """The hold store loses acknowledged writes now, when `epoch` is the highest that was minted."""
        self.losses.append(Loss(performance_id, epoch))

    def audit(self) -> list[str]:
        """Every broken promise."""
        told = [*self.violations, *self.ceilings.violations, *self.house.violations]
        return [*told, *self._overlaps(), *self._denials(), *self._over_the_ceiling()]

    def claims_of(self, performance_id: str) -> dict[str, tuple[set[int], bool]]:
        """Seats and sold-ness by order, of all claims that must stand."""
        claims: dict[str, tuple[set[int], bool]] = {}
        for tenure in self._tenures:
            standing = tenure.performance_id == performance_id and tenure.ends_at == FOR_EVER
            if standing and tenure.shown_until_ms is None and tenure.hand is Hand.BUYER:
                seats, _ = claims.setdefault(tenure.owner, (set(), tenure.is_sold))
                seats.add(tenure.seat)
        return claims

    def promised(self, performance_id: str) -> set[int]:
        """Seats whose reservations must stand."""
        return {
            tenure.seat
            for tenure in self._tenures
            if tenure.performance_id == performance_id and tenure.hand is Hand.PROMISED and tenure.ends_at == FOR_EVER
        }

    def _until(self, tenure: Tenure) -> float:
        due = self._by_our_clock(tenure.due_ms) if tenure.due_ms is not None and not tenure.is_sold else FOR_EVER
        return min(tenure.ends_at, self._shown_end(tenure), due)

    def _is_excused(self, tenure: Tenure) -> bool:
        return tenure.shown_until_ms is not None and any(
            loss.performance_id == tenure.performance_id and tenure.epoch <= loss.epoch for loss in self.losses
        )

    def _overlaps(self) -> Iterator[str]:
        """INV-1 over what was told: two owners of one seat at one time."""
        by_seat: dict[tuple[str, int], list[Tenure]] = defaultdict(list)
        for tenure in self._tenures:
            if not self._is_excused(tenure) and self._until(tenure) > tenure.told_at:
                by_seat[tenure.performance_id, tenure.seat].append(tenure)
        for tenures in by_seat.values():
            tenures.sort(key=lambda tenure: tenure.told_at)
            for index, one in enumerate(tenures):
                for other in tenures[index + 1 :]:
                    if other.told_at < self._until(one) and other.owner != one.owner:
                        yield f"{one} until {self._until(one):.3f} and {other}"

    def _over_the_ceiling(self) -> Iterator[str]:
        """R4: counted are seats that others surely had all the time while the answer was on its way."""
        for taken in self.ceilings.taken:
            others = sum(
                tenure.hand in {Hand.BUYER, Hand.PROMISED}
                and tenure.performance_id == taken.performance_id
                and tenure.owner != taken.owner
                and tenure.told_at <= taken.asked_at
                and self._until(tenure) > taken.told_at
                and not self._is_excused(tenure)
                for tenure in self._tenures
            )
            exceeded = self.ceilings.exceeded(taken, others)
            if exceeded is not None:
                yield exceeded

    def _denials(self) -> Iterator[str]:
        for asked, told_at, reason in self._denied:
            for tenure in asked.denies:
                if told_at < self._shown_end(tenure) and not self._is_excused(tenure):
                    yield f"{asked.command} was told {reason} at {told_at:.3f}, but {tenure}"
                    break

    def _shown_end(self, tenure: Tenure) -> float:
        if tenure.shown_until_ms is None:
            return FOR_EVER
        return self._by_our_clock(tenure.shown_until_ms)

    def _by_our_clock(self, store_ms: int) -> float:
        """The earliest that it may be so late by the store's clock."""
        origin_ms = self._clock.now_ms() - self._clock.monotonic() * 1000
        return (store_ms - self._time.highest_offset_ms - origin_ms) / 1000

    @property
    def clock_was_set(self) -> bool:
        """Whether anybody set the store's clock: what is due may then never come."""
        return self._time.was_set
