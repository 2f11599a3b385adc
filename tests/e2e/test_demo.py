"""The whole on-sale from end to end: real services, real stores, buyers in a burst; everything holds at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.rig import demo, report_of
from tests.unit.paper.pdf_reading import texts

BUYERS = 150

pytestmark = pytest.mark.slow


def test_an_on_sale_ends_with_every_seat_sold_once(tmp_path: Path) -> None:
    ended, figures = demo(tmp_path, "--buyers", str(BUYERS), "--seed", "7")
    assert ended.status == 0, ended.told
    assert figures["seats"] == 618
    assert figures["buyers"] == BUYERS
    assert figures["audit"] == "ok"
    assert (figures["double_sales"], figures["unresolved"], figures["lost_tickets"], figures["errors"]) == (0, 0, 0, 0)
    assert figures["sold"] > 100
    # A buyer whose money came late went home before the tickets came.
    assert figures["orders_confirmed"] >= figures["outcomes"]["tickets"] > 50
    assert figures["orders_cancelled"] > 0  # declined and abandoned
    assert 0 < figures["hold_p50_ms"] <= figures["hold_p99_ms"]
    assert figures["holds_per_second"] > 0
    assert figures["seconds"] > 0
    assert sum(figures["outcomes"].values()) == BUYERS
    # What somebody outside of the house, to whom this one performance is granted, is told of it.
    promoter = figures["promoter"]
    assert promoter["tickets"] == figures["sold"]
    pages = texts(report_of(tmp_path).read_bytes())
    assert f"{figures['sold']:,}" in pages[-1]
    assert promoter["revenue"].removesuffix(" EUR") in pages[-1]
    # What the national platform has of that very sale by its own books, and how it came to know.
    platform = figures["platform"]
    assert (platform["tickets"], platform["revenue"]) == (figures["sold"], promoter["revenue"])
    assert platform["agrees"] and platform["reserved"] == 0
    asked = {line["asked"].split(" ")[1].rpartition("/")[2] for line in platform["ledger"]}
    assert asked >= {"cumulative", "capacity"}
    assert asked <= {"token", "cumulative", "capacity", "performances"}
    assert {(line["status"], line["outcome"]) for line in platform["ledger"]} == {(200, "delivered")}


def test_a_deck_that_was_dealt_adds_up_after_a_sale_whose_owner_was_killed(tmp_path: Path) -> None:
    ended, figures = demo(tmp_path, "--buyers", "110", "--seed", "5", "--contingents", "--kill", "inventory")
    assert ended.status == 0, ended.told
    assert (figures["audit"], figures["double_sales"], figures["unresolved"]) == ("ok", 0, 0)
    deck = figures["contingents"]
    assert deck["pool"] + deck["allotments"] == deck["capacity"] == 618
    assert 0 < deck["used"] <= deck["cap"] == 494
    by_kind = {line["kind"]: line for line in deck["lines"]}
    hard, digital, foreign = by_kind["hard"], by_kind["digital_hard"], by_kind["foreign"]
    assert (hard["handed_out"], hard["reported_sold"], hard["returned"], hard["open"]) == (24, 16, 8, 0)
    assert (digital["handed_out"], digital["reported_sold"], digital["returned"]) == (18, 0, 18)
    assert (foreign["handed_out"], foreign["reported_sold"], foreign["returned"]) == (12, 12, 0)
    assert deck["allotments"] == 28
