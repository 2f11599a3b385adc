"""One bad event does not sink a batch: named or found by halving, it alone is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from services.integrations.trackers.adapters.event_batch import Bad, Taken, Verdict, told
from services.runtime.outbound.port import Done, Later, Locked, Outcome, Settled

TAKEN = Done(Settled.DELIVERED, "request-1")


class Picky:
    """Takes all or none, as companies do."""

    def __init__(self, bad: set[bytes], *, names: bool, then: Verdict | None = None, after: int = 99) -> None:
        self.bad, self.names, self.then, self.after = bad, names, then, after
        self.asked: list[Sequence[bytes]] = []

    async def __call__(self, events: Sequence[bytes]) -> Verdict:
        self.asked.append(events)
        if self.then is not None and len(self.asked) > self.after:
            return self.then
        which = {index: "no such thing" for index, event in enumerate(events) if event in self.bad}
        if not which:
            return Taken("request-1")
        return Bad("no such thing", which if self.names else {})


def events(count: int) -> Sequence[bytes]:
    return [b"%d" % number for number in range(count)]


def outcomes(count: int, picky: Picky) -> Sequence[Outcome]:
    return asyncio.run(told(events(count), picky))


@pytest.mark.parametrize("names", [True, False])
def test_the_bad_one_alone_is_refused(names: bool) -> None:
    found = outcomes(1_000, Picky({b"613"}, names=names))
    assert found[613] == Done(Settled.REFUSED, "no such thing")
    assert [outcome for outcome in found if outcome != TAKEN] == [found[613]]


def test_a_named_one_costs_one_request_more_and_an_unnamed_one_two_for_each_halving() -> None:
    named, unnamed = Picky({b"613"}, names=True), Picky({b"613"}, names=False)
    outcomes(1_000, named)
    outcomes(1_000, unnamed)
    assert len(named.asked) == 2
    assert len(unnamed.asked) <= 21


def test_no_event_is_asked_again_after_it_was_taken() -> None:
    picky = Picky({b"3", b"8"}, names=False)
    found = outcomes(16, picky)
    assert [place for place, outcome in enumerate(found) if outcome != TAKEN] == [3, 8]
    taken = [event for asked in picky.asked if not picky.bad & set(asked) for event in asked]
    assert len(taken) == len(set(taken)) == 14


@pytest.mark.parametrize("end", [Later("away"), Locked("no entry")])
def test_when_the_company_goes_away_in_the_middle_what_it_took_stays_taken(end: Verdict) -> None:
    found = outcomes(8, Picky({b"7"}, names=False, then=end, after=2))
    assert list(found) == [TAKEN] * 4 + [end] * 4


def test_a_batch_of_bad_ones_ends_after_a_bound_of_requests_and_loses_none() -> None:
    picky = Picky({b"%d" % number for number in range(1_000)}, names=False)
    found = outcomes(1_000, picky)
    assert len(picky.asked) == 40
    refused = [outcome for outcome in found if isinstance(outcome, Done)]
    later = [outcome for outcome in found if isinstance(outcome, Later)]
    assert refused and len(refused) + len(later) == 1_000
    assert not any(outcome.is_targets_fault for outcome in later)


def test_a_place_that_is_not_there_is_not_believed() -> None:
    async def ask(asked: Sequence[bytes]) -> Verdict:
        return Bad("no such thing", {99: "no such thing"}) if b"1" in asked else Taken()

    found = asyncio.run(told(events(2), ask))
    assert found == [Done(Settled.DELIVERED), Done(Settled.REFUSED, "no such thing")]


def test_of_nothing_nobody_is_asked() -> None:
    picky = Picky(set(), names=True)
    assert outcomes(0, picky) == []
    assert picky.asked == []
