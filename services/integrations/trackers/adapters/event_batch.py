"""Sends events together, and finds the bad one among them when the company refuses all for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, assert_never

from services.runtime.outbound.port import Done, Later, Locked, Outcome, Settled

# Requests of one batch at most: what is not found by then goes with the next, less those that were settled.
_MOST_REQUESTS: Final = 40
_TIRED: Final = Later("many events of one batch were refused: the rest goes by itself", is_targets_fault=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """The company has all of them. `note`: its own number of the request, where it gives one."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class Bad:
    """It took none, because of what is in some. `which`: their places as far as it named them, with the reason."""

    why: str
    which: Mapping[int, str] = field(default_factory=dict)


Verdict = Taken | Bad | Later | Locked
Ask = Callable[[Sequence[bytes]], Awaitable[Verdict]]


async def told_in_batches(events: Sequence[bytes], most: int, ask: Ask) -> Sequence[Outcome]:
    """What became of each, in their order; no question has more than `most`."""
    batches = [events[first : first + most] for first in range(0, len(events), most)]
    return [outcome for batch in batches for outcome in await told(batch, ask)]


async def told(events: Sequence[bytes], ask: Ask) -> Sequence[Outcome]:
    """What became of each, in their order. A bad event never keeps a good one from going."""
    outcomes: list[Outcome] = [_TIRED] * len(events)
    waiting: list[list[int]] = [list(range(len(events)))] if events else []
    for _ in range(_MOST_REQUESTS):
        if not waiting:
            break
        places = waiting.pop()
        verdict = await ask([events[place] for place in places])
        match verdict:
            case Taken():
                _settle(outcomes, places, Done(Settled.DELIVERED, verdict.note))
            case Bad():
                waiting += _parted(outcomes, places, verdict)
            case Later() | Locked():
                for rest in (places, *waiting):
                    _settle(outcomes, rest, verdict)
                break
            case _:
                assert_never(verdict)
    return outcomes


def _parted(outcomes: list[Outcome], places: Sequence[int], verdict: Bad) -> Sequence[list[int]]:
    """Settles who is known to be bad; the others, to be asked again."""
    named = {places[index]: why for index, why in verdict.which.items() if 0 <= index < len(places)}
    if not named and len(places) == 1:
        named = {places[0]: verdict.why}
    for place, why in named.items():
        outcomes[place] = Done(Settled.REFUSED, why)
    if named:
        rest = [place for place in places if place not in named]
        return [rest] if rest else []
    half = len(places) // 2
    return [list(places[half:]), list(places[:half])]


def _settle(outcomes: list[Outcome], places: Sequence[int], outcome: Outcome) -> None:
    for place in places:
        outcomes[place] = outcome
