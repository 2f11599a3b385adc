"""`balcon seed` fills a stack with two houses that one can log in to and look at; a second run changes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.console.seed.sales import GIVEN_BACK, seats_of
from services.console.seed.season import HOUSES, PROMOTER, Evening
from services.console.stack.data_folder import make_temp_folder, remove_temp_folder
from services.runtime.ids import RandomIds
from services.runtime.testing import eventually_sync
from tests.e2e.rig import Up, balcon, environment

pytestmark = pytest.mark.slow
COUNTED_SECONDS = 120.0


def sold_of(evening: Evening) -> int:
    """Seats that its buyers keep."""
    return sum(seats_of(number) for number in range(evening.orders) if number % GIVEN_BACK)


def sold_in(data: Path, house_id: str) -> dict[str, int]:
    """Of each performance that was on sale, as reporting tells it."""
    told = balcon("totals", "--house", house_id, "--json", "--data", str(data))
    assert told.status == 0, told.told
    rows: list[dict[str, Any]] = msgspec.json.decode(told.output)
    return {row["performance_id"]: row["sold"] for row in rows if row.get("sold", 0)}


def assert_sold(data: Path, expected: dict[str, dict[str, int]]) -> None:
    """Reporting has counted every sale and refund, and no more."""
    for house_id, sold in expected.items():
        eventually_sync(lambda house_id=house_id, sold=sold: sold_in(data, house_id) == sold, COUNTED_SECONDS)  # type: ignore[misc]


def assert_dealt(ask: Callable[..., Any], codes: dict[str, str]) -> None:
    """There are contingents of every kind, and seats that are promised."""
    kinds = {
        dealt["kind"]
        for code in ("past7", "soon13", "soon48")
        for dealt in ask("contingent", "list", codes[code])["allotments"]
    }
    assert kinds == {f"ALLOTMENT_KIND_{kind}" for kind in ("HARD", "DIGITAL_HARD", "FOREIGN", "OFFER")}
    assert len(ask("reservation", "list", codes["soon13"])["reservations"]) == 1


def test_seed_fills_a_stack_with_houses_to_look_at_and_changes_nothing_the_second_time(tmp_path: Path) -> None:
    data = make_temp_folder(RandomIds())
    try:
        first = balcon("seed", "--json", "--data", str(data))
        assert first.status == 0, first.told
        logins = msgspec.json.decode(first.output)["logins"]
        assert {login["email"] for login in logins if login["role"] == "promoter"} == {PROMOTER}
        expected: dict[str, dict[str, int]] = {}
        with Up(data, "--no-integrations"):
            for house in HOUSES:
                owner = next(each for each in logins if (each["house"], each["role"]) == (house.label, "owner"))
                own = {
                    **environment(),
                    "BALCON_DATA": str(data),
                    "BALCON_PASSWORD": owner["password"],
                    "XDG_CONFIG_HOME": str(tmp_path / house.label),
                }

                def ask(*words: str, env: dict[str, str] = own) -> Any:
                    done = balcon("house", *words, "--json", env=env)
                    assert done.status == 0, done.told
                    return msgspec.json.decode(done.output)

                logged_in = balcon("house", "login", "--email", owner["email"], env=own)
                assert logged_in.status == 0, logged_in.told
                roles = {role for member in ask("member", "list")["members"] for role in member["roles"]}
                assert roles == {"owner", "back_office", "box_office", "door", "finance", "marketing"}
                assert {grant["email"] for grant in ask("grant", "list")["grants"]} == {PROMOTER}
                assert all(each["poster"]["sizes"] for each in ask("production", "list")["productions"])
                performances = ask("performance", "list")["performances"]
                assert len(performances) == len(house.evenings)
                states = {each["code"]: each["sale_state"] for each in performances}
                for evening in house.evenings:
                    state = "DRAFT" if evening.is_draft else "CLOSED" if evening.days < 0 else "ON_SALE"
                    assert states[evening.key] == f"SALE_STATE_{state}"
                assert_dealt(ask, {each["code"]: each["performance_id"] for each in performances})
                expected[performances[0]["house_id"]] = {
                    each["performance_id"]: sold_of(evening)
                    for each in performances
                    for evening in house.evenings
                    if evening.key == each["code"] and not evening.is_draft
                }
            assert_sold(data, expected)
            audit = balcon("audit", "--data", str(data), "--json")
            assert audit.status == 0, audit.told
            second = balcon("seed", "--json", "--data", str(data))
            assert (second.status, second.output) == (0, first.output), second.told
            assert_sold(data, expected)
    finally:
        remove_temp_folder(data)
