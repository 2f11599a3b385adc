"""One contract for the Catalogue in memory and the one that sells."""

from tests.contract.orders.neighbours import PROMOTION, SEATS, ShowStage


async def test_a_performance_is_told_as_it_is_sold(shows: ShowStage) -> None:
    assert await shows.catalogue.offer(shows.house_id, shows.offer.performance_id) == shows.offer


async def test_a_closed_sale_is_told(shows: ShowStage) -> None:
    await shows.close_sale()
    told = await shows.catalogue.offer(shows.house_id, shows.offer.performance_id)
    assert told is not None
    assert not told.on_sale


async def test_a_cancelled_performance_is_told(shows: ShowStage) -> None:
    await shows.call_off()
    told = await shows.catalogue.offer(shows.house_id, shows.offer.performance_id)
    assert told is not None
    assert (told.on_sale, told.cancelled) == (False, True)


async def test_an_unknown_performance_is_none(shows: ShowStage) -> None:
    assert await shows.catalogue.offer(shows.house_id, "perf_nowhere") is None


async def test_another_houses_performance_is_none(shows: ShowStage) -> None:
    assert await shows.catalogue.offer("house_other", shows.offer.performance_id) is None


async def test_the_seats_of_a_plan_are_told_with_their_categories_and_names(shows: ShowStage) -> None:
    assert await shows.catalogue.plan_seats(shows.house_id, shows.offer.hall_id, 1) == SEATS


async def test_a_version_that_no_plan_has_is_none(shows: ShowStage) -> None:
    assert await shows.catalogue.plan_seats(shows.house_id, shows.offer.hall_id, 2) is None


async def test_a_plan_of_another_house_or_hall_is_none(shows: ShowStage) -> None:
    assert await shows.catalogue.plan_seats("house_other", shows.offer.hall_id, 1) is None
    assert await shows.catalogue.plan_seats(shows.house_id, "hall_nowhere", 1) is None


async def test_a_promotion_is_told_by_its_code_and_for_no_other(shows: ShowStage) -> None:
    assert await shows.catalogue.promotion(shows.house_id, "SPRING", "") == PROMOTION
    assert await shows.catalogue.promotion(shows.house_id, "SPRING", "spring") == PROMOTION
    assert await shows.catalogue.promotion(shows.house_id, "SPRING", "winter") is None
    assert await shows.catalogue.promotion(shows.house_id, "AUTUMN", "") is None
    assert await shows.catalogue.promotion("house_other", "SPRING", "") is None


async def test_numbers_of_passes_are_told_right_or_wrong_in_their_places(shows: ShowStage) -> None:
    checked = await shows.catalogue.check_passes(shows.house_id, "card", ["NL2", "NL9", "NL1", "NL2"])
    assert checked is not None
    assert [bool(key) for key in checked.keys] == [True, False, True, True]
    assert checked.keys[0] == checked.keys[3] != checked.keys[2]
    assert checked.max_uses == 2
    assert await shows.catalogue.check_passes(shows.house_id, "other", ["NL1"]) is None
    assert await shows.catalogue.check_passes("house_other", "card", ["NL1"]) is None
