"""A new command of the seat map touches few files: those that CONTRIBUTING lists are all that name one today."""

import ast
import re
from typing import get_args

import pytest

from services.inventory.domain import changes, commands
from tests.architecture.tree import ROOT, modules, parsed

MOST_FILES = 8
HERE = "services/inventory/"
RULES = {f"{HERE}domain/{family}.py" for family in ("holding", "claiming", "blocking", "allotting", "reserving")}
# A hold's store is written from what a turn leaves, the record by its adapter.
STORES = {f"{HERE}actors/turn.py", f"{HERE}adapters/postgres_claim_store.py"}
# What plays a part of its own beside being a command or a change, and where.
PARTS = {
    "HoldSeats": {"domain/asked.py"},  # a copy of it gets its first answer
    "HoldBestAvailable": {"domain/asked.py"},
    "SeatsHeld": {"domain/restoration.py"},
    "SeatsClaimed": {"actors/record_batch.py"},  # ends a hold that lives in the other store
    "ExpireHold": {"actors/expiries.py", "actors/performance_actor.py"},  # timers propose it
    "ChangeSaleTerms": {"actors/performance_actor.py"},
    "ReadHold": {"api/command_stream.py"},  # its answer on the stream has the same name
    "HoldExpired": {"domain/refusals.py", "domain/seat_views.py"},  # a refusal has the same name
}
# Allotments are a service of their own.
PARTS |= {
    kind.__name__: {"api/allotment_servicer.py"}
    for kind in get_args(commands.AllottingCommand)
    if kind is not commands.ReturnDue
}
PARTS["ReturnDue"] = {"actors/return_day.py"}
# So are reservations; a timer proposes their ends, and an adapter of their own writes them.
PARTS |= {
    kind.__name__: {"api/reservation_servicer.py"}
    for kind in get_args(commands.ReservingCommand)
    if kind is not commands.ExpireReservation
}
PARTS |= {
    "ExpireReservation": {"actors/reservation_deadlines.py"},
    "SeatsReserved": {"adapters/reservation_rows.py"},
    "ReservationExtended": {"adapters/reservation_rows.py"},
}
NAMES = sorted({kind.__name__ for kind in (*get_args(commands.Command), *get_args(changes.Change))})


def listed() -> set[str]:
    _, _, rest = (ROOT / "CONTRIBUTING.md").read_text().partition("<!-- command files -->")
    return set(re.findall("^- `(.+)`$", rest.partition("<!-- end -->")[0], re.MULTILINE))


def naming(name: str) -> set[str]:
    """Modules of the inventory in which the name is written as code."""
    return {
        str(path)
        for path in modules()
        if str(path).startswith(HERE)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Name | ast.Attribute) and name == getattr(node, "id", getattr(node, "attr", None))
    }


def test_the_list_is_short_and_of_files_that_are_there() -> None:
    assert 0 < len(listed()) <= MOST_FILES
    assert all((ROOT / path).is_file() for path in listed())


@pytest.mark.parametrize("name", NAMES)
def test_no_command_and_no_change_is_named_outside_the_list(name: str) -> None:
    found = naming(name) | {f"{HERE}domain/commands.py"}
    parts = {HERE + path for path in PARTS.get(name, ())}
    assert not found - parts - listed() - RULES - STORES
    # One family's rules, one store.
    assert len(found & RULES) <= 1
    assert len(found & STORES) <= 1


@pytest.mark.parametrize("name", sorted(PARTS))
def test_whoever_has_a_part_of_its_own_still_has_it(name: str) -> None:
    assert {HERE + path for path in PARTS[name]} <= naming(name)
