"""A stored plan comes back as it was; a damaged one is told as a fault, not as another plan."""

from __future__ import annotations

import zlib

import pytest

from services.catalogue.adapters.plan_blob import PlanUnreadable, packed_plan, packed_source, unpacked_plan
from services.catalogue.domain.plan_parser import parse
from services.catalogue.domain.seating_plan import SeatingPlan
from tests.unit.catalogue.plan_documents import RIETHSPORTHALLE, SCHOUWBURG, packaged_plan


def read(name: str) -> SeatingPlan:
    result = parse(packaged_plan(name))
    assert isinstance(result, SeatingPlan)
    return result


@pytest.mark.parametrize("name", [RIETHSPORTHALLE, SCHOUWBURG])
def test_a_stored_plan_comes_back_as_it_was_in_a_fraction_of_its_size(name: str) -> None:
    blob = packed_plan(read(name))
    assert unpacked_plan(blob) == read(name)
    assert len(blob) < len(packaged_plan(name)) // 3


def test_the_imported_document_is_kept_to_the_byte() -> None:
    assert zlib.decompress(packed_source(packaged_plan(SCHOUWBURG))) == packaged_plan(SCHOUWBURG)


def test_a_damaged_plan_is_a_fault() -> None:
    blob = packed_plan(read(SCHOUWBURG))
    for damaged in (b"", b"\x02" + blob[1:], blob[:-1], blob[:1] + blob[2:], b"\x01" + zlib.compress(b"\x93")):
        with pytest.raises(PlanUnreadable):
            unpacked_plan(damaged)
