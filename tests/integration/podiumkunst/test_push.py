"""What the platform has after sales, refunds and bad days: exactly the state's figures, and nothing unlinked."""

from __future__ import annotations

import pytest
from balcon.inventory.v1.allotments_pb2 import (
    ALLOTMENT_KIND_FOREIGN,
    ALLOTMENT_KIND_HARD,
    Allotment,
    AllotmentChanged,
    AllotmentCounts,
)
from balcon.types.v1.principal_pb2 import PrincipalKind, PrincipalRef

from services.integrations.podiumkunst.adapters.postgres_figures import forget_states
from services.integrations.podiumkunst.domain.figures import ReportsItself
from services.integrations.podiumkunst.domain.telling import AGAIN_AFTER_MS
from services.integrations.podiumkunst.ports.figure_store import Rules
from services.integrations.podiumkunst.ports.seats import Standing
from services.runtime.testing import eventually
from tests.integration.podiumkunst.events import HOUSE, SHOW, confirmed, counted, refunded
from tests.integration.podiumkunst.push_stage import NUMBER, Stage

RESELLER = PrincipalRef(kind=PrincipalKind.PRINCIPAL_KIND_RESELLER, subject="rsl_1")
_HOUR_MS = 3_600_000


async def test_r0_3_day_1_sells_40_day_2_sells_15_and_refunds_5_and_a_missed_night_heals(stage: Stage) -> None:
    await stage.house()
    await stage.link()
    stage.start_sender()
    await stage.hear(*(confirmed(f"a{n}", 8) for n in range(5)))
    await stage.rounds.look()
    await stage.all_carried()
    assert await stage.sold() == (40, 40 * 2_500)

    await stage.hear(confirmed("b1", 10), confirmed("b2", 5), refunded("b2"))
    await stage.pusher.push(HOUSE, all_of_it=True)
    await stage.all_carried()
    assert await stage.sold() == (50, 50 * 2_500)
    await stage.pusher.push(HOUSE, all_of_it=True)
    await stage.all_carried()
    assert await stage.sold() == (50, 50 * 2_500), "sending again sends 50 again"

    await stage.misbehave("500")
    await stage.hear(refunded("a0"))
    await stage.pusher.push(HOUSE, all_of_it=True)
    await stage.hear(confirmed("c1", 1))
    await stage.misbehave("")
    await stage.pusher.push(HOUSE, all_of_it=False)
    await stage.all_carried()
    assert await stage.sold() == (43, 43 * 2_500), "the night that was missed is in what is told next; fewer is legal"
    assert await stage.audited() == []


async def test_r0_6_nothing_is_told_of_what_is_not_linked_and_of_what_is_no_longer(stage: Stage) -> None:
    await stage.house()
    await stage.hear(confirmed("o1", 3), confirmed("o2", 4, performance_id="prf_2"))
    await stage.link()
    await stage.rounds.look()
    await stage.unlink()
    stage.start_sender()
    await stage.all_carried()
    assert await stage.requests("/tickets") == [], "what waited is dropped"
    await stage.pusher.push(HOUSE, all_of_it=True)
    assert await stage.waiting() == 0


async def test_r0_10_a_link_brings_the_whole_history_at_once_and_goes_on_by_itself(stage: Stage) -> None:
    await stage.house()
    stage.start_sender()
    await stage.hear(*(confirmed(f"o{n}", 2) for n in range(10)))
    await stage.rounds.look()
    assert await stage.waiting() == 0
    await stage.link()
    await stage.rounds.look()
    await stage.all_carried()
    assert await stage.sold() == (20, 50_000)
    await stage.hear(confirmed("o99", 1))
    await stage.rounds.look()
    assert await stage.waiting() == 0, "the next round is not due yet"
    stage.clock.ahead_ms += _HOUR_MS
    await stage.rounds.look()
    await stage.all_carried()
    assert await stage.sold() == (21, 52_500)


async def test_r0_2_what_has_not_changed_is_told_again_within_24_hours_and_not_before(stage: Stage) -> None:
    await stage.house()
    await stage.link()
    stage.start_sender()
    await stage.hear(confirmed("o1", 2))
    await stage.pusher.push(HOUSE, all_of_it=False)
    await stage.all_carried()
    assert (await stage.pusher.push(HOUSE, all_of_it=False)).parts == 0
    stage.clock.ahead_ms += AGAIN_AFTER_MS
    assert (await stage.pusher.push(HOUSE, all_of_it=False)).parts == 4


async def test_r0_12_reservations_blocks_and_capacity_by_rank_are_told_apart_from_the_sold(stage: Stage) -> None:
    await stage.house()
    await stage.link()
    await stage.rank(stalls=1, balcony=2)
    stage.start_sender()
    await stage.see(counted(1, reserved=3, blocked=10, capacity=400))
    stage.seats.standings[SHOW] = Standing(reserved={"stalls": 2, "balcony": 1}, blocked={"balcony": 10})
    await stage.hear(confirmed("o1", 1))
    await stage.pusher.push(HOUSE, all_of_it=True)
    await stage.all_carried()
    assert await stage.sold() == (1, 2_500)
    assert await stage.told("reservations") == {"amount": 3, "recette": 6_500}
    assert await stage.told("blocked") == {"amount": 10, "value": 15_000}
    capacity = await stage.told("capacity")
    assert (capacity["amount_rank1"], capacity["amount_rank2"]) == (300, 100)


async def test_r0_12_offices_printed_tickets_count_and_another_systems_do_not(stage: Stage) -> None:
    await stage.house()
    await stage.link()
    stage.start_sender()
    for allotment_id, kind in (("a1", ALLOTMENT_KIND_HARD), ("a2", ALLOTMENT_KIND_FOREIGN)):
        counts = AllotmentCounts(handed_out=8, open=3, reported_sold=5)
        allotment = Allotment(
            house_id=HOUSE, performance_id=SHOW, allotment_id=allotment_id, kind=kind, counts=counts, version=1
        )
        await stage.hear(AllotmentChanged(allotment=allotment))
        stage.seats.sold[allotment_id] = {"stalls": 5}
    await stage.pusher.push(HOUSE, all_of_it=True)
    await stage.all_carried()
    assert await stage.sold() == (5, 12_500)
    stage.seats.is_silent = True
    assert (await stage.pusher.push(HOUSE, all_of_it=True)).parts == 0, "what is not known whole is not told"


async def test_r0_14_a_reseller_is_in_until_the_house_says_that_it_reports_itself(stage: Stage) -> None:
    await stage.house()
    await stage.link()
    stage.start_sender()
    await stage.hear(confirmed("o1", 4), confirmed("o2", 6, sold_by=RESELLER))
    await stage.pusher.push(HOUSE, all_of_it=False)
    await stage.all_carried()
    assert await stage.sold() == (10, 25_000)
    async with stage.store.transaction(HOUSE) as transaction:
        await transaction.save_rules(Rules(ReportsItself(resellers=frozenset({"rsl_1"})), 1))
        await transaction.commit()
    await stage.pusher.push(HOUSE, all_of_it=False)
    await stage.all_carried()
    assert await stage.sold() == (4, 10_000)


@pytest.mark.parametrize("how", ["500", "html", "wrong_json", "error_in_200", "429", "kept_then_500", "silence"])
async def test_whatever_the_platform_answers_nothing_is_lost_and_it_heals(stage: Stage, how: str) -> None:
    await stage.house()
    await stage.link()
    await stage.hear(confirmed("o1", 4))
    await stage.misbehave(how, path="/tickets")
    stage.start_sender(read_seconds=0.3)
    await stage.rounds.look()

    async def was_tried() -> bool:
        return (await stage.outcomes())["later"] >= 2

    await eventually(was_tried)
    assert await stage.waiting() >= 1, "it waits, and is in the ledger"
    await stage.misbehave("")
    await stage.all_carried()
    assert await stage.sold() == (4, 10_000)
    assert await stage.audited() == []


async def test_a_refused_account_locks_and_loses_nothing_and_goes_on_when_it_is_mended(stage: Stage) -> None:
    await stage.house()
    await stage.link()
    await stage.hear(confirmed("o1", 4))
    await stage.pusher.push(HOUSE, all_of_it=False)
    stage.start_sender()
    await stage.all_carried()
    await stage.misbehave("token_refused")
    await stage.hear(confirmed("o2", 1))
    await stage.pusher.push(HOUSE, all_of_it=False)

    async def is_locked() -> bool:
        async with stage.store.transaction(HOUSE) as transaction:
            return any(line.outcome == "locked" for line in await transaction.told([NUMBER]))

    await eventually(is_locked)
    assert (await stage.sold(), await stage.waiting()) == ((4, 10_000), 1)
    await stage.misbehave("")
    await stage.mend()
    await stage.all_carried()
    assert await stage.sold() == (5, 12_500)


async def test_states_of_long_ago_are_forgotten_but_for_what_was_put_and_told_last(stage: Stage) -> None:
    await stage.house()
    await stage.link()
    stage.start_sender()
    for order in ("o1", "o2", "o3"):
        await stage.hear(confirmed(order, 1))
        await stage.pusher.push(HOUSE, all_of_it=False)
        await stage.all_carried()
    await stage.misbehave("500", path="/tickets")
    await stage.hear(confirmed("o4", 1))
    await stage.pusher.push(HOUSE, all_of_it=False)
    assert await stage.states("tickets") == 4
    stage.clock.ahead_ms += 10 * _HOUR_MS
    for order in ("o3", "o2"):
        await stage.hear(refunded("o4"), refunded(order))
        await stage.pusher.push(HOUSE, all_of_it=False)
    forget = forget_states(stage.engine)
    assert await forget(stage.clock.now_ms() - 5 * _HOUR_MS, 100) == 1, "four; two may still be on its way"
    assert await forget(stage.clock.now_ms() + 1, 100) == 1, "two"
    assert await stage.states("tickets") == 2, "three, which was told, and one, which was put, do not grow old"
    assert await stage.audited() == []
    await stage.misbehave("")
    await stage.all_carried()
    assert (await stage.sold(), await stage.audited()) == ((1, 2_500), [])


async def test_a_number_that_the_platform_refuses_is_visible_and_costs_the_others_nothing(stage: Stage) -> None:
    await stage.house()
    await stage.link()
    await stage.link("NL-26-9|1", "prf_2")
    await stage.hear(confirmed("o1", 1))
    stage.start_sender()
    await stage.rounds.look()
    await stage.all_carried()
    async with stage.store.transaction(HOUSE) as transaction:
        lines = {(one.number, one.outcome, one.told is None) for one in await transaction.told([NUMBER, "NL-26-9|1"])}
    assert lines == {(NUMBER, "delivered", False), ("NL-26-9|1", "refused", True)}


async def test_two_houses_with_the_same_number_tell_each_its_own(stage: Stage) -> None:
    await stage.house()
    await stage.house("house_2", "lampegiet")
    await stage.link()
    await stage.link(house_id="house_2")
    stage.start_sender()
    await stage.hear(confirmed("o1", 4), confirmed("o1", 7, house_id="house_2"))
    await stage.rounds.look()
    await stage.all_carried()
    assert (await stage.sold(), await stage.sold(client_id="lampegiet")) == ((4, 10_000), (7, 17_500))
    await stage.misbehave("token_refused")
    await stage.hear(confirmed("o2", 1), confirmed("o2", 1, house_id="house_2"))
    await stage.pusher.push(HOUSE, all_of_it=False)
    await stage.pusher.push("house_2", all_of_it=False)

    async def the_other_has_it() -> bool:
        return await stage.sold(client_id="lampegiet") == (8, 20_000)

    await eventually(the_other_has_it)
    assert await stage.sold() == (4, 10_000)
