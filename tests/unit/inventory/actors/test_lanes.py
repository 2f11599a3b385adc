"""Commands take the lane of their union, and what is the record's never ends among the holds (INV-2)."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given

from services.inventory.actors.mailbox import Mailbox, lanes_in_turn
from services.inventory.actors.turn import hold_writes
from services.inventory.domain import commands as c
from services.inventory.domain.changes import RecordChange
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.dispatch import decide
from tests.unit.inventory.actors.stage import HOUSE, NAME, Stage, virtual
from tests.unit.inventory.builders import seat_map
from tests.unit.inventory.generated_commands import CAPACITY, COMMANDS


class ForgottenCommand(msgspec.Struct, frozen=True):
    """As somebody would add it who does not know of the unions."""

    order_id: str


@given(COMMANDS)
@virtual
async def test_a_command_waits_in_the_lane_of_its_union(command: c.Command) -> None:
    mailbox = Mailbox()
    [commands] = lanes_in_turn([command])
    assert mailbox.put(commands, asyncio.get_running_loop().create_future(), None, 0.0) is None
    is_for_the_record = isinstance(command, c.RecordCommand)
    assert (mailbox.waiting_for_a_turn, mailbox.waiting_for_the_record) == (not is_for_the_record, is_for_the_record)
    assert mailbox.drain()[0].commands == commands


@virtual
async def test_a_command_that_is_in_no_union_is_not_taken_at_all() -> None:
    stage = Stage()
    node = stage.node()
    actor = await stage.owner(node)
    forgotten: Any = ForgottenCommand("o1")
    with pytest.raises(TypeError, match="ForgottenCommand"):
        actor.submit([forgotten], None)
    with pytest.raises(TypeError, match="ForgottenCommand"):
        await node.execute(HOUSE, NAME, [c.ReadHold("h1"), forgotten])
    assert actor.is_idle
    assert actor.is_active


@virtual
async def test_commands_of_two_lanes_are_no_piece_of_work() -> None:
    mixed: Any = [c.ReadHold("h1"), c.ConfirmClaim("o1")]
    with pytest.raises(TypeError, match="not of one lane"):
        Mailbox().put(mixed, asyncio.get_running_loop().create_future(), None, 0.0)


def test_a_change_of_the_record_among_the_holds_is_a_fault_and_not_dropped() -> None:
    decision = decide(seat_map(CAPACITY), c.BlockSeats((1,), "camera"), 0)
    assert isinstance(decision, Accepted)
    assert isinstance(decision.change, RecordChange)
    astray: Any = [decision.change]
    with pytest.raises(AssertionError):
        hold_writes(astray)
