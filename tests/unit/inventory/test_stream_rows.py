"""Rows of the stream and the commands they become: what waits for the record says so in the proto, for every client."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1 import principal_pb2
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE

from services.contracts.inventory_stream import HoldCommand, InventoryCodec, OnPerformance, RowCommand
from services.inventory.api.columns import read_commands
from services.inventory.domain import commands as c
from services.inventory.domain.records import BlockKind
from services.inventory.ports import SeatPlan
from services.runtime.errors import FieldInvalid
from services.runtime.principal import PrincipalKind, PrincipalRef

CODEC, PERFORMANCE = InventoryCodec(), OnPerformance("house_1", "perf_1", 1)
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
    "ticket_types": ["normal"],
    "kind": pb.BLOCK_KIND_SOFT,
}


def every_row() -> dict[str, pb.Command]:
    rows = {}
    for row in pb.Command.DESCRIPTOR.oneofs_by_name["command"].fields:
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
    # Holds are columns; allotments, reservations are unary; expiries and changed rules are the owner's own.
    others = {c.HoldSeats, c.ExpireHold, c.ChangeSaleTerms}
    others |= {*get_args(c.AllottingCommand), *get_args(c.ReservingCommand)}
    assert kinds == set(get_args(c.Command)) - others


def test_a_release_names_its_seats_in_any_order_or_none() -> None:
    release = pb.ReleaseCommand(hold_id="h1", holder_id="anna")
    assert read(pb.Command(release=release)) == c.ReleaseHold("h1", "anna")
    release.seat_indexes.extend([2, 0])
    assert read(pb.Command(release=release)) == c.ReleaseHold("h1", "anna", (0, 2))
    release.seat_indexes.append(3)
    assert read(pb.Command(release=release)) == FieldInvalid("seat_indexes", "names seat 3", "0 to 2")


def test_a_client_never_lets_rows_that_wait_for_the_record_share_a_message_with_others() -> None:
    groups: dict[bool, set[Any]] = {True: set(), False: set()}
    for row in every_row().values():
        groups[isinstance(read(row), c.RecordCommand)].add(CODEC.group_of(RowCommand(PERFORMANCE, row)))
    assert groups[True].isdisjoint(groups[False])


def sent_for(principal: PrincipalRef, row: pb.Command) -> pb.ExecuteCommandsRequest:
    command = CODEC.on_behalf_of(RowCommand(PERFORMANCE, row), principal)
    return pb.ExecuteCommandsRequest.FromString(CODEC.message([command], 1, 1_000, False).SerializeToString())


@pytest.mark.parametrize("kind", PrincipalKind)
def test_a_row_for_the_record_says_on_whose_behalf_it_is_and_so_does_its_command(kind: PrincipalKind) -> None:
    principal = PrincipalRef(kind, "person_1")
    told = {}
    for name, row in every_row().items():
        [command] = read_commands(sent_for(principal, row), PLAN)
        told[name] = getattr(command, "on_behalf_of", None)
    assert {name for name, told_of in told.items() if told_of == principal} == {
        name for name, row in every_row().items() if isinstance(read(row), c.RecordCommand)
    }
    assert set(told.values()) == {principal, None}


def test_a_row_of_nobody_elses_is_sent_as_it_is() -> None:
    for row in every_row().values():
        [sent] = CODEC.message([RowCommand(PERFORMANCE, row)], 1, 1_000, False).commands
        assert sent == row
        assert getattr(read(sent), "on_behalf_of", None) is None


def test_a_row_that_is_sent_for_one_caller_names_nobody_when_it_is_sent_again() -> None:
    row = pb.Command(block=pb.BlockCommand(seat_indexes=[1], reason="camera"))
    sent_for(PrincipalRef(PrincipalKind.STAFF, "person_1"), row)
    assert not row.HasField("on_behalf_of")


def test_a_hold_has_nothing_beside_its_holder() -> None:
    hold = HoldCommand(PERFORMANCE, "h1", "anna", [1])
    assert CODEC.on_behalf_of(hold, PrincipalRef(PrincipalKind.BUYER, "anna")) is hold
    assert {field.name for field in pb.HoldColumns.DESCRIPTOR.fields} == {
        "hold_ids", "holder_ids", "seat_counts", "seat_indexes", "channel", "ttl_seconds", "ticket_types",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "subject", "field"),
    [
        (principal_pb2.PRINCIPAL_KIND_UNSPECIFIED, "person_1", "commands.on_behalf_of.kind"),
        (99, "person_1", "commands.on_behalf_of.kind"),
        (principal_pb2.PRINCIPAL_KIND_STAFF, "", "commands.on_behalf_of.subject"),
        (principal_pb2.PRINCIPAL_KIND_STAFF, "ada@example.org", "commands.on_behalf_of.subject"),
        (principal_pb2.PRINCIPAL_KIND_STAFF, "x" * 65, "commands.on_behalf_of.subject"),
    ],
)
def test_a_row_on_behalf_of_nobody_known_is_refused_and_its_neighbours_are_not(
    kind: Any, subject: str, field: str
) -> None:
    block = pb.BlockCommand(seat_indexes=[1], reason="camera")
    named = pb.Command(block=block, on_behalf_of=principal_pb2.PrincipalRef(kind=kind, subject=subject))
    refused, read_all_the_same = read_commands(
        pb.ExecuteCommandsRequest(commands=[named, pb.Command(block=block)]), PLAN
    )
    assert isinstance(refused, FieldInvalid)
    assert refused.field == field
    assert isinstance(read_all_the_same, c.BlockSeats)


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (pb.BLOCK_KIND_UNSPECIFIED, BlockKind.HARD),
        (pb.BLOCK_KIND_HARD, BlockKind.HARD),
        (pb.BLOCK_KIND_SOFT, BlockKind.SOFT),
    ],
)
def test_a_row_blocks_as_the_kind_it_names_and_hard_where_it_names_none(asked: Any, kind: BlockKind) -> None:
    block = pb.BlockCommand(seat_indexes=[2, 1], reason="camera", kind=asked)
    read = read_commands(pb.ExecuteCommandsRequest(commands=[pb.Command(block=block)]), PLAN)
    assert read == [c.BlockSeats((1, 2), "camera", kind)]


def test_a_row_of_a_kind_of_block_that_is_none_is_refused() -> None:
    odd: Any = 7
    block = pb.BlockCommand(seat_indexes=[1], reason="camera", kind=odd)
    [refused] = read_commands(pb.ExecuteCommandsRequest(commands=[pb.Command(block=block)]), PLAN)
    assert isinstance(refused, FieldInvalid)
    assert refused.field == "kind"
