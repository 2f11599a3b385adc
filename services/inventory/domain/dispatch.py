"""decide(): what a command does to a performance, or why it does nothing, by the rules of its family. Pure."""

from __future__ import annotations

from typing import Protocol

from services.inventory.domain.allotting import decide_allotting
from services.inventory.domain.blocking import decide_blocking
from services.inventory.domain.claiming import decide_claiming
from services.inventory.domain.commands import (
    AllottingCommand,
    BlockingCommand,
    Command,
    RecordCommand,
    ReservingCommand,
)
from services.inventory.domain.decisions import Decision, RecordDecision
from services.inventory.domain.holding import decide_holding
from services.inventory.domain.reserving import decide_reserving
from services.inventory.domain.seat_views import HoldingView, RecordView


class SeatView(HoldingView, RecordView, Protocol):
    """What the rules of every family may look at together."""


def decide(state: SeatView, command: Command, now_ms: int) -> Decision:
    """The answer to one command on the state as it is, at `now_ms` of the store's clock."""
    if isinstance(command, RecordCommand):
        return decide_for_the_record(state, command, now_ms)
    return decide_holding(state, command, now_ms)


def decide_for_the_record(state: RecordView, command: RecordCommand, now_ms: int) -> RecordDecision:
    """decide() for what a batch of the record takes. Turns of holds go to decide_holding() themselves."""
    if isinstance(command, BlockingCommand):
        return decide_blocking(state, command)
    if isinstance(command, AllottingCommand):
        return decide_allotting(state, command, now_ms)
    if isinstance(command, ReservingCommand):
        return decide_reserving(state, command, now_ms)
    return decide_claiming(state, command, now_ms)
