"""A quota on its way: what the catalogue tells of it is what the owner of the seats decides by, all of it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from balcon.types.v1 import quotas_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.api.quota_terms import terms_of_quota
from services.catalogue.domain.quota import QuotaAssignment
from services.catalogue.domain.quotas import in_force
from services.contracts.channels import Channel
from services.contracts.quotas import QuotaPercentages, SalePhase, cutover_ms
from services.contracts.wire_types import wire_channel
from services.inventory.adapters.quota_rows import quota_rows, quotas_of_rows
from tests.unit.catalogue.shows import quota, show

PERCENT = st.none() | st.integers(0, 100)
NAMES = st.lists(st.sampled_from(["Stalls", "Pit", "Балкон", "1. Rang"]), unique=True).map(tuple)
ASSIGNMENTS = st.lists(
    st.builds(
        QuotaAssignment, st.sampled_from(["normal", "student"]), st.sampled_from(Channel), st.sampled_from(SalePhase)
    ),
    unique=True,
)


@given(
    percentages=st.builds(QuotaPercentages, PERCENT, PERCENT, PERCENT, PERCENT, PERCENT, PERCENT),
    categories=NAMES,
    zones=NAMES,
    size=st.integers(1, 100_000),
    hours=st.integers(0, 17_544),
    assignments=ASSIGNMENTS,
)
def test_the_owner_decides_by_what_the_house_has_set(
    percentages: QuotaPercentages,
    categories: tuple[str, ...],
    zones: tuple[str, ...],
    size: int,
    hours: int,
    assignments: Sequence[QuotaAssignment],
) -> None:
    wanted = quota(
        size=size,
        presale_hours=hours,
        percentages=percentages,
        categories=categories,
        zones=zones,
        assignments=tuple(assignments),
    )
    (outcome,) = in_force(show("2026-11-20 17:00", wanted))
    told = pb.QuotaTerms.FromString(terms_of_quota(outcome).SerializeToString())
    (kept,) = quotas_of_rows(json.loads(json.dumps(quota_rows([told]))))
    assert (kept.quota_id, kept.name, kept.size) == ("quo_1", "quo_1", size)
    assert (kept.categories, kept.zones) == (categories, zones)
    assert cutover_ms(kept.anchor_ms, kept.presale_hours) == outcome.day_sale_ms
    assert kept.percentages == percentages
    assert kept.assignments == {
        (one.ticket_type, wire_channel(one.channel), one.phase) for one in assignments if one.channel
    }
    for channel in Channel:
        for phase in SalePhase:
            assert kept.percentages.of(channel, phase) == outcome.percent(channel, phase)


def test_in_a_phase_of_a_later_version_nobody_sells_and_the_gate_does_not_open() -> None:
    later = pb.QuotaAssignment.FromString(b"\x0a\x06normal\x10\x02\x18\x09")
    assert (later.ticket_type, later.channel, later.phase) == ("normal", CHANNEL_ONLINE, 9)
    (kept,) = quotas_of_rows(quota_rows([pb.QuotaTerms(assignments=[later])]))
    assert kept.assignments
    assert {channel for _, channel, _ in kept.assignments} == {0}
