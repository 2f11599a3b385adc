"""Rows of the stream and the commands they become: what waits for the record says so in the proto, for every client."""

from __future__ import annotations

from typing import Any, get_args

from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE

from services.contracts.inventory_stream import InventoryCodec, OnPerformance, RowCommand
from services.inventory.api.columns import read_commands
from services.inventory.domain import commands as c
from services.inventory.ports import SeatPlan
from services.runtime.errors import FieldInvalid

PLAN = SeatPlan.of(1, ["s0", "s1", "s2"])
# By the names that rows give their fields: a row with a new one fails here until it is told what to send.
FIELDS: dict[str, Any] = {
    "hold_id": "h1",
    "holder_id": "anna",
    "order_id": "o1",
    "seat_indexes": [1],
    "channel": CHANNEL_ONLINE,
    "ttl_seconds": 60,
    "groups": [pb.SeatGroup(size=1)],
    "may_split": False,
    "reason": "camera",
}


def every_row() -> dict[str, pb.Command]:
    rows = {}
    for row in pb.Command.DESCRIPTOR.fields:
        assert row.message_type is not None
        filled: dict[str, Any] = {row.name: {field.name: FIELDS[field.name] for field in row.message_type.fields}}
        rows[row.name] = pb.Command(**filled)
    return rows


def read(row: pb.Command) -> Any:
    [command] = read_commands(pb.ExecuteCommandsRequest(commands=[row]), PLAN)
    return command


def test_the_proto_marks_the_very_rows_that_wait_for_the_record() -> None:
    marked = {row.name for row in pb.Command.DESCRIPTOR.fields if row.GetOptions().Extensions[pb.for_the_record]}
    assert marked == {name for name, row in every_row().items() if isinstance(read(row), c.RecordCommand)}


def test_every_command_that_callers_have_travels_on_the_stream() -> None:
    kinds = {type(read(row)) for row in every_row().values()}
    # Holds are columns, reads are unary, expiries and changed rules come from the owner's own node.
    assert kinds == set(get_args(c.Command)) - {c.HoldSeats, c.ReadHold, c.ExpireHold, c.ChangeHoldRules}


def test_a_release_names_its_seats_in_any_order_or_none() -> None:
    release = pb.ReleaseCommand(hold_id="h1", holder_id="anna")
    assert read(pb.Command(release=release)) == c.ReleaseHold("h1", "anna")
    release.seat_indexes.extend([2, 0])
    assert read(pb.Command(release=release)) == c.ReleaseHold("h1", "anna", (0, 2))
    release.seat_indexes.append(3)
    assert read(pb.Command(release=release)) == FieldInvalid("seat_indexes", "names seat 3", "0 to 2")


def test_a_client_never_lets_rows_that_wait_for_the_record_share_a_message_with_others() -> None:
    codec, performance = InventoryCodec(), OnPerformance("house_1", "perf_1", 1)
    groups: dict[bool, set[Any]] = {True: set(), False: set()}
    for row in every_row().values():
        groups[isinstance(read(row), c.RecordCommand)].add(codec.group_of(RowCommand(performance, row)))
    assert groups[True].isdisjoint(groups[False])
