"""Allotments as messages say them, the same in answers and in events. For api and adapters only: it knows protos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from balcon.inventory.v1 import allotments_pb2 as pb

from services.contracts.wire_types import wire_instant


class AllotmentFacts(Protocol):
    """What is told of an allotment; times are unix ms, 0 where there is none."""

    @property
    def allotment_id(self) -> str: ...
    @property
    def kind(self) -> int: ...
    @property
    def office_id(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def override_reason(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def open(self) -> Sequence[int]: ...
    @property
    def sold(self) -> Sequence[int]: ...
    @property
    def handed_out(self) -> int: ...
    @property
    def returned(self) -> int: ...
    @property
    def return_due_at_ms(self) -> int: ...
    @property
    def closed_at_ms(self) -> int: ...
    @property
    def created_at_ms(self) -> int: ...


def wire_allotment(house_id: str, performance_id: str, plan_version: int, told: AllotmentFacts) -> pb.Allotment:
    """Without its seats."""
    return pb.Allotment(
        house_id=house_id,
        performance_id=performance_id,
        allotment_id=told.allotment_id,
        kind=pb.AllotmentKind.ValueType(told.kind),
        office_id=told.office_id,
        note=told.note,
        return_due_at=wire_instant(told.return_due_at_ms) if told.return_due_at_ms else None,
        closed_at=wire_instant(told.closed_at_ms) if told.closed_at_ms else None,
        override_reason=told.override_reason,
        counts=pb.AllotmentCounts(
            handed_out=told.handed_out,
            open=len(told.open),
            reported_sold=len(told.sold),
            returned=told.returned,
        ),
        version=told.version,
        plan_version=plan_version,
        created_at=wire_instant(told.created_at_ms),
    )
