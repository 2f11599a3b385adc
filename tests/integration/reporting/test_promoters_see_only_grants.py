"""A promoter sees exactly what is granted, over every call and every file of reporting; new ones are in it at once."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from balcon.accounts.v1.accounts_service_pb2 import HouseGrants, MakingHouse
from balcon.catalogue.v1.catalogue_events_pb2 import PerformanceCreated
from balcon.orders.v1.orders_events_pb2 import OrderConfirmed
from balcon.reporting.v1 import dashboards_pb2 as pb
from google.protobuf.descriptor import MethodDescriptor

from services.runtime.principal import HouseRoles, Principal, PrincipalKind
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.reporting.accounts_twin import AccountsTwin, serving_accounts
from tests.integration.reporting.figures_stage import figures_stage, house, line, performance, sale
from tests.integration.reporting.sales_stage import CLOCK
from tests.integration.reporting.whole_reporting import (
    Told,
    WholeReporting,
    bounded,
    is_for_promoters,
    is_for_staff,
    methods_of_reporting,
    money_in,
    requests_of,
    whole_reporting,
)

PAULA = Principal(PrincipalKind.PROMOTER, "psn_paula")
CLERK = Principal(PrincipalKind.STAFF, "psn_clerk", (HouseRoles("hse_kvs", frozenset({"owner"})),))
DAY = 86_400_000
METHODS = {method.full_name: method for method in methods_of_reporting()}
SERVICE = pb.DESCRIPTOR.services_by_name["DashboardsService"]

# house -> performance -> its production. What is granted, and what is not and must never be heard of.
PROGRAMME = {
    "hse_kvs": {"prf_yes1": "prd_yes", "prf_yes2": "prd_yes", "prf_hidden3": "prd_hidden"},
    "hse_bourla": {"prf_yes4": "prd_other", "prf_hidden5": "prd_other"},
    "hse_hidden": {"prf_hidden6": "prd_hidden6"},
}
GRANTED = {"prf_yes1", "prf_yes2", "prf_yes4"}
GRANTS = [
    # An id of another house's grants nothing.
    HouseGrants(
        house_id="hse_bourla", house_label="bourla", house_name="Bourla", performance_ids=["prf_yes4", "prf_hidden3"]
    ),
    HouseGrants(
        house_id="hse_kvs",
        house_label="kvs",
        house_name="KVS",
        production_ids=["prd_yes"],
        performance_ids=["prf_hidden6"],
    ),
]
PERFORMANCES = [one for programme in PROGRAMME.values() for one in programme]
PRODUCTIONS = sorted({one for programme in PROGRAMME.values() for one in programme.values()})
# What each field is tried with. Of people who bought and sold nothing may be told, of whomever it is.
TRIED: dict[str, list[Any]] = {
    "dashboard_id": ["", "hse_kvs", "hse_bourla", "hse_hidden"],
    "house_id": ["hse_kvs", "hse_bourla", "hse_hidden"],
    "house_ids": [list(PROGRAMME)],
    "performance_id": PERFORMANCES,
    "performance_ids": [PERFORMANCES, ["prf_hidden3"], ["prf_hidden6"]],
    "production_id": PRODUCTIONS,
    "production_ids": [PRODUCTIONS, ["prd_hidden"]],
    "hall_ids": [["hall_hidden3"]],
    "titles": [["title hidden3"]],
    "seller_ids": [["psn_hidden_seller"]],
    "first_date": ["2020-01-01"],
    "last_date": ["2099-12-31"],
}
SECRETS = re.compile(r"hidden|cus_|ord_|holder_|example\.org", re.IGNORECASE)
# Tickets of what is granted cost whole tens, those of all others end in 13 cents: no sum of them ends in nothing.
PRICE, HIDDEN_PRICE = 1_000, 77_713
HIDDEN_AMOUNT = re.compile(r"\d[.,](13|26|39)\b")
# Calls that are about one thing which a promoter must have made before, and where they are looked at.
OF_THINGS = {
    "UpdateDashboard": "see the dashboards below",
    "ArchiveDashboard": "see the dashboards below",
    "DownloadGrantedSettlement": "it is found as by GetGrantedSettlement",
    "GetGrantedSettlement": "test_settlements.py looks at each way of being granted",
    "StopReceiving": "what a mail's link proves; it tells no figure",
}


def told_by_houses() -> list[Any]:
    messages: list[Any] = [house(house_id, "Europe/Brussels") for house_id in PROGRAMME]
    now_ms = CLOCK.now_ms()
    for house_id, programme in PROGRAMME.items():
        for number, (performance_id, production_id) in enumerate(programme.items()):
            name = performance_id.removeprefix("prf_")
            created: PerformanceCreated = performance(
                performance_id,
                house_id=house_id,
                production_id=production_id,
                title=f"title {name}",
                hall_id=f"hall_{name}",
            )
            price = PRICE if performance_id in GRANTED else HIDDEN_PRICE
            sold: OrderConfirmed = sale(
                f"ord_{name}",
                performance_id,
                now_ms - number * DAY,
                line(f"seat_{name}", base=price, surcharge=0, fee=0),
                seller=("STAFF", "psn_hidden_seller"),
                customer_id=f"cus_{name}",
                house_id=house_id,
            )
            # Without tax: no share of it may look like another amount.
            for component in sold.lines[0].components:
                component.ClearField("vat")
            messages += [created, sold]
    return messages


@asynccontextmanager
async def served(database_url: DatabaseUrl) -> AsyncIterator[tuple[WholeReporting, AccountsTwin]]:
    url = database_url("reporting")
    async with figures_stage(url, *told_by_houses()), serving_accounts() as accounts:
        accounts.granted[PAULA.subject] = GRANTS
        accounts.made_by[PAULA.subject] = MakingHouse(house_id="hse_maker", house_label="maker", house_name="Maker")
        async with whole_reporting(url, database_url(), accounts.target) as reporting:
            yield reporting, accounts


def leaks(told: Told, asked: str) -> list[str]:
    """What nobody granted, apart from what the caller has said."""
    text = told.text
    found = {word for word in re.findall(r"[\w.@]+", text) if SECRETS.search(word) and word not in asked}
    found |= {match.group() for match in HIDDEN_AMOUNT.finditer(text)}
    return sorted(found) + [str(amount) for amount in money_in(told.messages) if amount % PRICE]


async def test_no_call_and_no_file_tells_a_promoter_what_is_not_granted(database_url: DatabaseUrl) -> None:
    answered: dict[str, int] = {}
    async with served(database_url) as (reporting, _):
        for name, method in METHODS.items():
            for request in requests_of(method, TRIED):
                told = await bounded(reporting.call(method, request, PAULA))
                if not is_for_promoters(method):
                    assert told.reason == "AUDIENCE_REFUSED", (name, told)
                    break
                assert leaks(told, str(request)) == [], (name, request)
                answered[method.name] = answered.get(method.name, 0) + told.is_ok
        await people_of_a_house_have_no_word_of_another_house(reporting)
    # A call that is refused whatever it is asked shows nothing, and proves nothing.
    assert {name for name, times in answered.items() if not times} == set(OF_THINGS)
    assert {"GetDashboard", "WatchDashboard", "ListDashboards", "CreateDashboard"} <= answered.keys()


async def people_of_a_house_have_no_word_of_another_house(reporting: WholeReporting) -> None:
    """R3.1, over every call that names a house: another one is told as one that nobody has."""
    for method in filter(is_for_staff, METHODS.values()):
        for request in requests_of(method, TRIED | {"house_id": ["hse_bourla"]}):
            told = await reporting.call(method, request, CLERK)
            assert told.reason == "HOUSE_NOT_FOUND", (method.name, told)
            break
    request = pb.GetHouseDashboardRequest(house_id="hse_kvs", performance_ids=["prf_yes4", "prf_yes1"])
    told = await reporting.call(SERVICE.methods_by_name["GetHouseDashboard"], request, CLERK)
    (answer,) = told.messages
    assert isinstance(answer, pb.GetHouseDashboardResponse)
    assert shown(answer.figures) == {"prf_yes1"}


async def dashboard(reporting: WholeReporting, dashboard_id: str = "") -> pb.DashboardFigures | str:
    told = await reporting.call(
        SERVICE.methods_by_name["GetDashboard"], pb.GetDashboardRequest(dashboard_id=dashboard_id), PAULA
    )
    if not told.is_ok:
        return told.reason
    (answer,) = told.messages
    assert isinstance(answer, pb.GetDashboardResponse)
    return answer.figures


def shown(figures: pb.DashboardFigures | str) -> set[str]:
    assert isinstance(figures, pb.DashboardFigures), figures
    return {row.performance_id for row in figures.performances}


async def test_r3_3_r3_4_what_is_granted_is_there_and_gone_with_the_grant(database_url: DatabaseUrl) -> None:
    async with served(database_url) as (reporting, accounts):
        figures = await dashboard(reporting)
        assert shown(figures) == GRANTED
        assert isinstance(figures, pb.DashboardFigures)
        assert (figures.sum.sold.tickets, [one.recette.amount_minor for one in figures.sum.sold.revenues]) == (
            3,
            [3_000],
        )
        # R0.13: fees are the house's own, and so is a sum that has them in it.
        assert "charged" not in str(figures)
        assert [(one.house_name, one.time_zone) for one in figures.houses] == [
            ("Bourla", "Europe/Brussels"),
            ("KVS", "Europe/Brussels"),
        ]
        # R3.8: also the house that made her may be asked.
        assert [one.house_name for one in figures.houses_to_ask] == ["Bourla", "KVS", "Maker"]
        assert shown(await dashboard(reporting, "hse_kvs")) == {"prf_yes1", "prf_yes2"}
        # Each scope by itself.
        whole = HouseGrants(house_id="hse_kvs", house_name="KVS", whole_house=True)
        accounts.granted[PAULA.subject] = [whole]
        assert shown(await dashboard(reporting)) == set(PROGRAMME["hse_kvs"])
        accounts.granted[PAULA.subject] = GRANTS[:1]
        assert shown(await dashboard(reporting)) == {"prf_yes4"}
        unknown = [await dashboard(reporting, one) for one in ("hse_kvs", "hse_hidden", "hse_nobodys")]
        assert unknown == ["DASHBOARD_NOT_FOUND"] * 3
        accounts.granted[PAULA.subject] = []
        assert shown(await dashboard(reporting)) == set()
        # Without an answer nobody sees anything.
        accounts.granted[PAULA.subject] = GRANTS
        accounts.is_away = True
        assert await dashboard(reporting) == "NEIGHBOUR_SILENT"


async def created(reporting: WholeReporting, caller: Principal, **chosen: Sequence[str]) -> pb.Dashboard:
    request = pb.CreateDashboardRequest(idempotency_key="key", name="Tour", **chosen)  # type: ignore[arg-type]
    told = await reporting.call(SERVICE.methods_by_name["CreateDashboard"], request, caller)
    (answer,) = told.messages
    assert isinstance(answer, pb.CreateDashboardResponse)
    return answer.dashboard


def about(method: MethodDescriptor, of: pb.Dashboard) -> Any:
    match method.name:
        case "UpdateDashboard":
            request = pb.UpdateDashboardRequest(dashboard=of, etag=of.etag)
            request.dashboard.name = "Another name"
            request.update_mask.paths.append("name")
            return request
        case "ArchiveDashboard":
            return pb.ArchiveDashboardRequest(dashboard_id=of.dashboard_id, etag='"2"')
        case _:
            return pb.GetDashboardRequest(dashboard_id=of.dashboard_id)


async def test_a_dashboard_of_her_own_holds_what_was_chosen_and_is_nobody_elses(database_url: DatabaseUrl) -> None:
    async with served(database_url) as (reporting, accounts):
        tour = await created(reporting, PAULA, production_ids=["prd_yes"], performance_ids=["prf_yes4", "prf_hidden5"])
        figures = await dashboard(reporting, tour.dashboard_id)
        assert isinstance(figures, pb.DashboardFigures)
        assert shown(figures) == GRANTED
        everybody = ["hse_bourla", "hse_kvs", "hse_maker"]
        assert [(one.performance_id, list(one.ask_house_ids)) for one in figures.missing] == [
            ("prf_hidden5", everybody)
        ]
        accounts.granted[PAULA.subject] = GRANTS[1:]
        figures = await dashboard(reporting, tour.dashboard_id)
        assert isinstance(figures, pb.DashboardFigures)
        assert shown(figures) == {"prf_yes1", "prf_yes2"}
        # Bourla showed it when it was chosen.
        assert [list(one.ask_house_ids) for one in figures.missing if one.performance_id == "prf_yes4"] == [
            ["hse_bourla"]
        ]
        accounts.granted["psn_clerk"] = GRANTS
        for name in ("GetDashboard", "UpdateDashboard", "ArchiveDashboard"):
            method = SERVICE.methods_by_name[name]
            assert (await reporting.call(method, about(method, tour), CLERK)).reason == "DASHBOARD_NOT_FOUND"
            assert (await reporting.call(method, about(method, tour), PAULA)).is_ok
