"""What was proposed and not decided on is proposed again, a second later and for ever; what was decided is not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.inventory.actors.expiries import AGAIN_MS, SLOT_MS, Expiries
from services.inventory.actors.performance_actor import OwnerGone
from services.inventory.domain.commands import ExpireHold
from services.inventory.domain.decisions import Accepted, Decision
from services.runtime.clock import LoopClock
from services.runtime.errors import Overloaded
from tests.unit.inventory.actors.stage import virtual

BUSY = Overloaded(100)
Answer = asyncio.Future[Sequence[Decision] | Overloaded]


class Owner:
    """Notes what it is asked, and answers when told to; `is_full`: it has no room."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.answers: list[Answer] = []
        self.is_full = False

    def submit(self, commands: Sequence[ExpireHold]) -> Answer | Overloaded:
        self.asked.append([command.hold_id for command in commands])
        if self.is_full:
            return BUSY
        self.answers.append(asyncio.get_running_loop().create_future())
        return self.answers[-1]

    async def answer(self, *decisions: Decision) -> None:
        self.answers[-1].set_result(decisions)
        await LoopClock().sleep(0)


@virtual
async def test_holds_that_found_no_room_are_proposed_again_and_again() -> None:
    owner = Owner()
    expiries = Expiries(owner.submit)
    expiries.watch(1_000, "h1")
    owner.is_full = True
    now_ms = 1_000 + SLOT_MS
    for asked in range(1, 4):
        expiries.propose(now_ms)
        expiries.propose(now_ms)
        assert owner.asked == [["h1"]] * asked
        now_ms += AGAIN_MS + SLOT_MS
    owner.is_full = False
    expiries.propose(now_ms)
    await owner.answer(Accepted())
    expiries.propose(now_ms + 10 * AGAIN_MS)
    assert owner.asked == [["h1"]] * 4


@virtual
async def test_of_those_proposed_together_only_the_undecided_are_proposed_again() -> None:
    owner = Owner()
    expiries = Expiries(owner.submit)
    for hold_id in ("h1", "h2", "h3"):
        expiries.watch(1_000, hold_id)
    expiries.propose(1_000 + SLOT_MS)
    await owner.answer(Accepted(), BUSY, Accepted())
    expiries.propose(1_000 + SLOT_MS + AGAIN_MS + SLOT_MS)
    assert owner.asked == [["h1", "h2", "h3"], ["h2"]]


@virtual
async def test_one_proposal_is_under_way_at_a_time_and_a_fault_ends_it() -> None:
    owner = Owner()
    expiries = Expiries(owner.submit)
    expiries.watch(1_000, "h1")
    expiries.watch(2_000, "h2")
    expiries.propose(1_000 + SLOT_MS)
    expiries.propose(2_000 + SLOT_MS)
    assert owner.asked == [["h1"]]
    owner.answers[-1].set_exception(OwnerGone(performance_id="p"))
    await LoopClock().sleep(0)
    expiries.propose(2_000 + SLOT_MS)
    assert owner.asked == [["h1"], ["h2"]]
