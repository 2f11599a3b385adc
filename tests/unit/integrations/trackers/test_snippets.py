"""What a page does for trackers, by its structure: order, ids, amounts, and data that is never script.

No browser is run here (the project's tests have none): names of functions and arguments are held against the companies'
own words, and what a page would do with hostile text is held against JSON and HTML parsers.
"""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from services.integrations.trackers.domain.consents import NOTHING_ALLOWED, ConsentKind, Consents
from services.integrations.trackers.domain.reached import Worth
from services.integrations.trackers.domain.snippet_call import Load, Say
from services.integrations.trackers.domain.snippet_hosts import hosts_of
from services.integrations.trackers.domain.snippets import Snippets, snippets_of
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.tracker import TrackerIds, TrackerKind
from tests.unit.integrations.trackers.samples import EVERYTHING, ONE_OF_EACH, granting, page, tracker

META, ADS, GTM, X = TrackerKind
CONTENT = "prd_1|hse_a|1900000000"
DENIED = dict.fromkeys(map(str, ConsentKind), "denied")


def of_kind(kind: TrackerKind, step: Step) -> list[Any]:
    """Scripts and calls of one kind, without consent mode."""
    snippets = snippets_of(page(step), [tracker(kind)])
    return [
        call.script_url if isinstance(call, Load) else (call.function, json.loads(call.arguments_json()))
        for call in snippets.does
        if call.kind is not None
    ]


@pytest.mark.parametrize("consents", [NOTHING_ALLOWED, granting(), EVERYTHING], ids=["unasked", "refused", "all"])
def test_consent_mode_comes_first_all_denied_and_then_what_was_chosen(consents: Consents) -> None:
    does = snippets_of(page(Step.START, consents=consents), ONE_OF_EACH).does
    first = does[0]
    assert isinstance(first, Say)
    assert (first.function, first.arguments) == ("gtag", ("consent", "default", DENIED))
    loads = [place for place, call in enumerate(does) if isinstance(call, Load)]
    if consents is EVERYTHING:
        assert isinstance(does[1], Say)
        assert does[1].arguments == ("consent", "update", dict.fromkeys(map(str, ConsentKind), "granted"))
        assert min(loads) == 2
    else:
        assert len(does) == (1 if consents is NOTHING_ALLOWED else 2)
        assert not loads


def test_nothing_at_all_is_done_where_nobody_hears_of_the_step() -> None:
    assert snippets_of(page(Step.START), []) == Snippets((), ())
    assert snippets_of(page(Step.SEATS), [tracker(kind) for kind in (ADS, GTM, X)]) == Snippets((), ())


def test_metas_pixel_is_told_in_its_own_words() -> None:
    assert of_kind(META, Step.DONE) == [
        "https://connect.facebook.net/en_US/fbevents.js",
        ("fbq", ["init", "123456789012345"]),
        (
            "fbq",
            [
                "trackSingle",
                "123456789012345",
                "Purchase",
                {
                    "content_type": "product",
                    "content_ids": [CONTENT],
                    "content_name": "Hamlet",
                    "value": 50.0,
                    "currency": "EUR",
                    "contents": [{"id": CONTENT, "quantity": 2}],
                    "num_items": 2,
                },
                {"eventID": "ord_1.Purchase"},
            ],
        ),
    ]


def test_google_ads_is_told_a_conversion_of_the_steps_own_label() -> None:
    script, (_, clock), config, (_, start) = of_kind(ADS, Step.START)
    assert script == "https://www.googletagmanager.com/gtag/js?id=AW-123456789"
    assert (clock, config) == (["js"], ("gtag", ["config", "AW-123456789"]))
    assert start[:2] == ["event", "conversion"]
    assert start[2] == {
        "send_to": "AW-123456789/startLabel1",
        "transaction_id": "visit_1.perf_1.begin_checkout",
    }
    *_, (_, done) = of_kind(ADS, Step.DONE)
    assert done[2] == {
        "send_to": "AW-123456789/doneLabel1",
        "value": 50.0,
        "currency": "EUR",
        "transaction_id": "ord_1.purchase",
    }


def test_a_container_is_told_no_commerce_before_its_own() -> None:
    (_, begun), script, emptied, (_, [told]) = of_kind(GTM, Step.DONE)
    assert begun == [{"event": "gtm.js", "gtm.start": 1_700_000_000_000}]
    assert script == "https://www.googletagmanager.com/gtm.js?id=GTM-ABC1234"
    assert emptied == ("dataLayer.push", [{"ecommerce": None}])
    item = {
        "item_id": CONTENT,
        "item_name": "Hamlet",
        "item_category": "Stalls",
        "item_variant": "student",
        "price": 25.0,
        "quantity": 2,
    }
    commerce = {"transaction_id": "ord_1", "value": 50.0, "currency": "EUR", "items": [item]}
    assert told == {"event": "purchase", "event_id": "ord_1.purchase", "ecommerce": commerce}


def test_x_is_told_the_event_of_the_step() -> None:
    script, config, (_, told) = of_kind(X, Step.DONE)
    assert (script, config) == ("https://static.ads-twitter.com/uwt.js", ("twq", ["config", "o5h34"]))
    assert told == [
        "event",
        "tw-o5h34-done1",
        {
            "value": 50.0,
            "currency": "EUR",
            "conversion_id": "ord_1.purchase",
            "num_items": 2,
            "contents": [{"content_id": CONTENT, "content_name": "Hamlet", "num_items": 2}],
        },
    ]


def test_two_pixels_are_told_each_once_and_two_containers_read_one_list() -> None:
    others = (tracker(META, number=2, ids=TrackerIds("999999999999999")), tracker(GTM, number=2))
    snippets = snippets_of(page(Step.START), [*ONE_OF_EACH, *others])
    telling = [call for call in snippets.does if isinstance(call, Say) and call.event_id]
    assert [call.function for call in telling] == ["fbq", "fbq", "gtag", "dataLayer.push", "twq"]
    assert len(snippets.tells) == 6
    assert len(telling[3].tracker_ids) == 2
    assert len({call.once_key for call in telling}) == len(telling)


def test_a_purchase_has_the_same_key_over_reloads_and_another_one_for_another_order() -> None:
    keys = [
        {
            call.once_key
            for call in snippets_of(page(Step.DONE, order_id=order), ONE_OF_EACH).does
            if isinstance(call, Say)
        }
        for order in ("ord_1", "ord_1", "ord_2")
    ]
    assert keys[0] == keys[1]
    assert keys[0] & keys[2] == {""}


HOSTILE = "</script><script>alert('1')</script><!-- \u2028\u2029 \" \\ & ]]> 💥"


class Tags(HTMLParser):
    """What begins a tag or a comment."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.found.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.found.append("!--")


@pytest.mark.parametrize("step", [Step.START, Step.DONE])
def test_a_title_that_is_script_is_data_wherever_it_is_written(step: Step) -> None:
    calls = [call for call in snippets_of(page(step, title=HOSTILE), ONE_OF_EACH).does if isinstance(call, Say)]
    written = [call.arguments_json() for call in calls]
    assert sum("alert" in text for text in written) >= 3
    for text in written:
        assert text.isascii()
        assert not set("<>&'") & set(text)
        tags = Tags()
        tags.feed(f"<script>f({text})</script>")
        assert tags.found == ["script", "/script"]


def test_hostile_titles_come_out_as_they_were() -> None:
    *_, last = snippets_of(page(Step.START, title=HOSTILE), [tracker(META)]).does
    assert isinstance(last, Say)
    assert json.loads(last.arguments_json())[3]["content_name"] == HOSTILE


@pytest.mark.parametrize(
    ("minor", "currency", "units"),
    [
        (2_500, "EUR", 25.0),
        (1, "EUR", 0.01),
        (2_500, "JPY", 2500.0),
        (1_234, "KWD", 1.234),
        (999_999_999_999_999, "EUR", 9_999_999_999_999.99),
    ],
)
def test_amounts_are_decimals_by_the_digits_of_their_currency(minor: int, currency: str, units: float) -> None:
    assert Worth(minor, currency).in_units == units


def test_hosts_are_told_for_all_attached_trackers_whatever_is_consented_to() -> None:
    hosts = hosts_of(ONE_OF_EACH)
    scripts = [call.script_url for call in snippets_of(page(Step.START), ONE_OF_EACH).does if isinstance(call, Load)]
    assert len(scripts) == 4
    assert all(any(url.startswith(f"{host}/") for host in hosts.script) for url in scripts)
    assert hosts_of([tracker(META)]).script == ("https://connect.facebook.net",)
    assert hosts_of([]).script == ()
