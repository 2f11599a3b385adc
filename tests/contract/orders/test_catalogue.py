"""One contract for the Catalogue in memory and the one that sells."""

from tests.contract.orders.neighbours import SEATS, ShowStage


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
