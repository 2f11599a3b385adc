"""Dashboards that somebody makes: once per key, changed by whoever has seen them, within bounds, of one person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.contracts.changes import EtagStale
from services.contracts.once import Asked
from services.reporting.domain.own_dashboard import (
    MAX_OWN_DASHBOARDS,
    Choice,
    OwnDashboard,
    refused_choice,
    refused_own,
)
from services.reporting.domain.refusals import DashboardArchived, DashboardNotFound, TooManyDashboards
from services.runtime.errors import FieldInvalid, IdempotencyKeyReused, Refusal
from tests.unit.reporting.dashboard_stage import NOON, PAULA, Desk

WANTED = OwnDashboard(PAULA, "", "Tour", 0, (), ("hamlet",), ("q1",), 0)


def asked(key: str = "key", content: str = "") -> Asked[OwnDashboard]:
    return Asked(key, "create", content.encode(), lambda own: own.dashboard_id.encode())


def desk() -> Desk:
    found = Desk()
    found.figures.add("kvs", "p1", "hamlet")
    found.figures.add("bourla", "q1")
    found.grant("kvs", productions={"hamlet"})
    found.grant("bourla", whole=True)
    return found


async def made(at: Desk, wanted: OwnDashboard = WANTED, key: str = "key") -> OwnDashboard:
    written = await at.own.create(asked(key), wanted)
    assert isinstance(written, bytes), written
    return at.kept.kept[wanted.person_id, written.decode()]


async def test_a_request_that_comes_twice_makes_one_and_its_key_is_good_for_nothing_else() -> None:
    at = desk()
    first = await at.own.create(asked(), WANTED)
    assert await at.own.create(asked(), WANTED) == first
    assert len(at.kept.kept) == 1
    assert isinstance(await at.own.create(asked(content="else"), WANTED), IdempotencyKeyReused)


async def test_it_remembers_which_house_showed_what_was_chosen() -> None:
    assert (await made(desk())).seen_in == {"hamlet": "kvs", "q1": "bourla"}


async def test_what_nobody_shows_is_kept_and_no_house_is_remembered_for_it() -> None:
    at = desk()
    at.figures.add("other", "x1", "secret")
    own = await made(at, replace(WANTED, production_ids=("secret", "nobodys")))
    assert (own.production_ids, own.seen_in) == (("secret", "nobodys"), {"q1": "bourla"})


async def test_there_are_fifty_in_a_menu_and_archived_ones_make_room() -> None:
    at = desk()
    for number in range(MAX_OWN_DASHBOARDS):
        at.own_dashboard(f"dsh_{number}")
    assert await at.own.create(asked(), WANTED) == TooManyDashboards(MAX_OWN_DASHBOARDS)
    assert not isinstance(await at.own.archive(PAULA, "dsh_0", '"1"'), Refusal)
    assert isinstance(await at.own.create(asked(), WANTED), bytes)
    # Another person's are counted by themselves.
    assert isinstance(await at.own.create(asked(), replace(WANTED, person_id="psn_2")), bytes)


async def test_an_update_changes_what_the_mask_names_and_tells_whoever_has_not_read_it() -> None:
    at = desk()
    own = await made(at)
    wanted = replace(own, name="Autumn", menu_place=7, production_ids=())
    changed = await at.own.update('"1"', wanted, {"name"})
    assert isinstance(changed, OwnDashboard)
    assert (changed.name, changed.menu_place, changed.production_ids, changed.revision) == ("Autumn", 0, ("hamlet",), 2)
    assert await at.own.update('"1"', wanted, {"menu_place"}) == EtagStale("the dashboard", '"2"')
    # The answer was lost, and what was wanted is there already.
    assert await at.own.update('"1"', wanted, {"name"}) == changed


async def test_a_choice_that_is_changed_forgets_who_showed_what_is_no_more_in_it() -> None:
    at = desk()
    own = await made(at)
    changed = await at.own.update('"1"', replace(own, production_ids=()), {"production_ids"})
    assert isinstance(changed, OwnDashboard)
    assert changed.seen_in == {"q1": "bourla"}
    # What is withdrawn meanwhile is remembered: nobody else can be asked for it.
    at.withdraw("bourla")
    renamed = await at.own.update('"2"', replace(changed, name="Other"), {"name"})
    assert isinstance(renamed, OwnDashboard)
    assert renamed.seen_in == {"q1": "bourla"}


async def test_a_choice_of_nothing_is_refused_as_everything_is_there_already() -> None:
    at = desk()
    own = await made(at)
    refused = await at.own.update(
        '"1"', replace(own, production_ids=(), performance_ids=()), {"production_ids", "performance_ids"}
    )
    assert isinstance(refused, FieldInvalid)
    assert refused.field == "dashboard.house_ids"


async def test_what_was_taken_out_of_the_menu_stays_as_it_was_and_can_be_looked_at() -> None:
    at = desk()
    own = await made(at)
    archived = await at.own.archive(PAULA, own.dashboard_id, '"1"')
    assert isinstance(archived, OwnDashboard)
    assert archived.archived_at_ms is not None
    # Twice is fine, with whatever etag.
    assert await at.own.archive(PAULA, own.dashboard_id, '"1"') == archived
    assert await at.own.update('"2"', replace(own, name="New"), {"name"}) == DashboardArchived(own.dashboard_id)
    assert own.dashboard_id not in {entry.dashboard_id for entry in await at.dashboards.menu(PAULA)}
    assert not isinstance(await at.dashboards.choose(PAULA, own.dashboard_id), Refusal)


async def test_a_stale_etag_takes_nothing_out_of_the_menu() -> None:
    at = desk()
    own = await made(at)
    await at.own.update('"1"', replace(own, name="New"), {"name"})
    assert await at.own.archive(PAULA, own.dashboard_id, '"1"') == EtagStale("the dashboard", '"2"')


async def test_another_persons_is_told_as_one_that_nobody_has() -> None:
    at = desk()
    own = await made(at)
    missing = DashboardNotFound(own.dashboard_id)
    stranger = replace(own, person_id="psn_2", name="Mine")
    assert await at.own.update('"1"', stranger, {"name"}) == missing
    assert await at.own.archive("psn_2", own.dashboard_id, '"1"') == missing
    assert at.kept.kept[PAULA, own.dashboard_id] == own


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "x" * 201}),
        ("menu_place", {"menu_place": 1_001}),
        ("house_ids", {"choice": Choice()}),
        ("house_ids", {"choice": Choice(house_ids=("h",) * 101)}),
        ("production_ids", {"choice": Choice(production_ids=("p",) * 201)}),
        ("performance_ids", {"choice": Choice(performance_ids=("p",) * 501)}),
        ("production_ids[1]", {"choice": Choice(production_ids=("p", "no id"))}),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_its_field(field: str, more: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        "name": "Tour",
        "menu_place": 1_000,
        "choice": Choice(("h",) * 100, ("p",) * 200, ("q",) * 500),
    }
    assert refused_own(**good) is None
    refused = refused_own(**{**good, **more}, above="dashboard.")
    assert refused is not None
    assert (refused.field, refused.others) == (f"dashboard.{field}", ())


def test_all_faults_are_told_at_once() -> None:
    refused = refused_own("", 2_000, Choice(("bad id",), ("worse id",), ("p",) * 501))
    assert refused is not None
    assert [one.field for one in (refused, *refused.others)] == [
        "name",
        "menu_place",
        "house_ids[0]",
        "production_ids[0]",
        "performance_ids",
    ]
    assert refused_choice(Choice()) is None


async def test_equal_places_of_a_menu_are_in_the_order_of_their_making() -> None:
    at = desk()
    at.own_dashboard("dsh_b", menu_place=1, created_at_ms=NOON)
    at.own_dashboard("dsh_a", menu_place=1, created_at_ms=NOON + 1)
    at.own_dashboard("dsh_c", menu_place=0, created_at_ms=NOON + 2)
    menu = [entry.dashboard_id for entry in await at.dashboards.menu(PAULA)]
    assert menu[-3:] == ["dsh_c", "dsh_b", "dsh_a"]
