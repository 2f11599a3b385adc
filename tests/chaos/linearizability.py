"""Is there an order of these operations that explains every answer? After Wing, Gong and Lowe; knows no seats.

Operations may overlap, may be uncertain (they happened or not), and may be allowed to happen again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

NEVER = float("inf")
# Configurations kept at a time. A history that needs more is too long for one object: spread it over more seats.
CONFIGURATIONS = 200_000

State = TypeVar("State", bound=Hashable)


@dataclass(frozen=True, slots=True, eq=False)
class Operation(Generic[State]):
    """One operation on one object, between `invoked` and `returned` (NEVER: it may still take effect at any time).

    `step` gives the state after it, or None where its answer cannot be. Not `certain`: it may never have happened.
    `repeats` (never certain): it may have happened any number of times.
    """

    name: str
    invoked: float
    returned: float
    step: Callable[[State], State | None]
    certain: bool = True
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Verdict(Generic[State]):
    """`fault` is the first operation whose answer nothing explains, `states` what the object could have been then."""

    fault: Operation[State] | None = None
    states: Sequence[State] = ()

    @property
    def is_linearizable(self) -> bool:
        """Whether an order was found."""
        return self.fault is None


class TooManyOrders(Exception):
    """The history of one object leaves more orders open than can be looked at."""


@dataclass(slots=True)
class _Configurations(Generic[State]):
    """What may be: a state, which open operations are in it, and which uncertain ones were used up on the way.

    Of two that differ only in what was used up, the one that used less can do all that the other can.
    """

    found: dict[tuple[State, int], list[int]] = field(default_factory=dict)
    size: int = 0

    def add(self, state: State, done: int, used: int) -> bool:
        """Keeps it unless one as good is known."""
        known = self.found.setdefault((state, done), [])
        if any(other & used == other for other in known):
            return False
        kept = [other for other in known if other & used != used]
        self.size += len(kept) + 1 - len(known)
        known[:] = [*kept, used]
        if self.size > CONFIGURATIONS:
            raise TooManyOrders
        return True

    def all(self) -> list[tuple[State, int, int]]:
        """Every one of them."""
        return [(state, done, used) for (state, done), uses in self.found.items() for used in uses]


class _Search(Generic[State]):
    """Walks through the answers in the order of time; operations are linearized no earlier than an answer needs it."""

    def __init__(self, operations: Sequence[Operation[State]], initial: State) -> None:
        self._operations = operations
        self._open: set[int] = set()
        self._now: _Configurations[State] = _Configurations()
        self._now.add(initial, 0, 0)

    def open(self, number: int) -> None:
        """The operation has been invoked."""
        self._open.add(number)

    def close(self, number: int) -> bool:
        """The operation has returned. False: in no order can it have returned this."""
        certain = self._operations[number].certain
        bit = 1 << number
        after: _Configurations[State] = _Configurations()
        seen: _Configurations[State] = _Configurations()
        waiting = self._now.all()
        while waiting:
            state, done, used = waiting.pop()
            if not certain or done & bit:
                after.add(state, done & ~bit, used & ~bit)
            if certain and done & bit:
                continue
            for other in self._open:
                further = self._with(other, state, done, used)
                if further is not None and seen.add(*further):
                    waiting.append(further)
        self._open.discard(number)
        if after.size:
            self._now = after
            return True
        return False

    def _with(self, number: int, state: State, done: int, used: int) -> tuple[State, int, int] | None:
        operation = self._operations[number]
        bit = 1 << number
        if (done | used) & bit:
            return None
        after = operation.step(state)
        if after is None or (not operation.certain and after == state):
            return None
        if operation.repeats:
            return after, done, used
        return (after, done | bit, used) if operation.certain else (after, done, used | bit)

    def states(self) -> list[State]:
        """What the object may be now."""
        return list({state for state, _, _ in self._now.all()})


def check(operations: Iterable[Operation[State]], initial: State) -> Verdict[State]:
    """Whether the history of one object is linearizable. Raises TooManyOrders."""
    listed = sorted(operations, key=lambda operation: operation.invoked)
    # At the same instant the invocation comes first: they count as overlapping.
    events = [(operation.invoked, 0, number) for number, operation in enumerate(listed)]
    events += [
        (operation.returned, 1, number) for number, operation in enumerate(listed) if operation.returned != NEVER
    ]
    search = _Search(listed, initial)
    for _, kind, number in sorted(events):
        if kind == 0:
            search.open(number)
            continue
        states = search.states()
        if not search.close(number):
            return Verdict(listed[number], states)
    return Verdict()
