"""R3.12 and R3.15 as rules: who is told of which step, and the one id of each call."""

from __future__ import annotations

from collections import Counter

from services.integrations.trackers.domain.reached import Sale, Worth, calls_of, purchase_of
from services.integrations.trackers.domain.steps import Step, is_told
from services.integrations.trackers.domain.tracker import TrackerKind
from tests.unit.integrations.trackers.samples import HOUSE, ONE_OF_EACH, reached, tracker

META = TrackerKind.META_PIXEL


def counted(*steps: Step) -> Counter[str]:
    return Counter(call.tracker.kind.value for step in steps for call in calls_of(reached(step), ONE_OF_EACH))


def test_r3_12_only_meta_is_told_of_every_step_the_others_of_start_and_purchase() -> None:
    for kind in TrackerKind:
        told = {step for step in Step if is_told(kind, step)}
        assert told == (set(Step) if kind is META else {Step.START, Step.DONE})


def test_r3_15_eleven_calls_for_a_purchase() -> None:
    assert counted(*Step) == {"META_PIXEL": 5, "GOOGLE_ADS": 2, "GOOGLE_TAG_MANAGER": 2, "X_PIXEL": 2}
    assert counted(*Step).total() == 11


def test_r3_15_four_and_one_each_when_abandoned_at_payment() -> None:
    abandoned = counted(Step.START, Step.SEATS, Step.CUSTOMER, Step.PAYMENT)
    assert abandoned == {"META_PIXEL": 4, "GOOGLE_ADS": 1, "GOOGLE_TAG_MANAGER": 1, "X_PIXEL": 1}


def test_an_id_is_the_orders_for_a_purchase_and_the_visits_before() -> None:
    ids = [call.event_id for step in Step for call in calls_of(reached(step), [tracker(META)])]
    assert ids == [
        "visit_1.perf_1.ViewContent",
        "visit_1.perf_1.AddToCart",
        "visit_1.perf_1.InitiateCheckout",
        "visit_1.perf_1.AddPaymentInfo",
        "ord_1.Purchase",
    ]


def test_two_orders_of_a_visit_are_two_purchases_and_the_same_steps_before_them_are_one() -> None:
    first, second = (calls_of(reached(Step.DONE, order_id=order), ONE_OF_EACH) for order in ("ord_1", "ord_2"))
    assert not {call.event_id for call in first} & {call.event_id for call in second}


def test_nothing_is_told_of_a_purchase_without_its_order_or_its_worth_and_nothing_to_an_archived_tracker() -> None:
    assert calls_of(reached(Step.DONE, order_id=""), ONE_OF_EACH) == ()
    unpriced = purchase_of(HOUSE, Sale("ord_1", "perf_1", "visit_1", confirmed_at_ms=1))
    assert unpriced is not None
    assert calls_of(unpriced, ONE_OF_EACH) == ()
    assert calls_of(reached(Step.START), [tracker(META, archived=True)]) == ()


def test_an_order_is_a_purchase_once_it_is_confirmed_and_its_visit_known() -> None:
    worth = Worth(5_000, "EUR")
    assert purchase_of(HOUSE, Sale("ord_1", "perf_1", "", worth, 2, confirmed_at_ms=5)) is None
    assert purchase_of(HOUSE, Sale("ord_1", "perf_1", "visit_1", worth, 2)) is None
    purchase = purchase_of(HOUSE, Sale("ord_1", "perf_1", "visit_1", worth, 2, confirmed_at_ms=5))
    assert purchase is not None
    assert (purchase.step, purchase.at_ms, purchase.worth) == (Step.DONE, 5, worth)
