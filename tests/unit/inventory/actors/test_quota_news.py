"""Figures of quotas for watchers: told when they change, by what is sold or by the time, and never without need."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from services.contracts.quotas import SalePhase
from services.inventory.actors import quota_news
from services.inventory.actors.quota_news import QuotaNews, ToldFigures
from services.inventory.domain.records import HoldRules
from services.inventory.domain.seat_map import SeatMap
from tests.unit.inventory.builders import RULES, done, hold
from tests.unit.inventory.quota_terms import quota

CUT_OVER = 50_000
QUOTED = msgspec.structs.replace(RULES, quotas=(quota(10, online_presale=20, day_sale_from_ms=CUT_OVER),))


class Stage:
    """News of a hall whose seats are acknowledged as they are decided, at a time that tests set."""

    def __init__(self, rules: HoldRules = QUOTED) -> None:
        self.seat_map = SeatMap(10, rules)
        self.now_ms = 0
        self.news = QuotaNews(self.seat_map, self.seat_map.statuses, lambda: self.now_ms)


def heard(queue: asyncio.Queue[ToldFigures | None]) -> list[ToldFigures | None]:
    return [queue.get_nowait() for _ in range(queue.qsize())]


def test_a_cut_over_is_told_though_nothing_was_sold() -> None:
    stage = Stage()
    watch = stage.news.join()
    heard(watch)
    stage.now_ms = CUT_OVER - 1
    stage.news.flush(1)
    assert heard(watch) == []
    stage.now_ms = CUT_OVER
    stage.news.flush(1)
    (told,) = heard(watch)
    assert told is not None
    (figures,) = told.figures
    assert (figures.phase, [one.available for one in figures.channels]) == (SalePhase.DAY, [10, 10, 10])


def test_who_is_slow_hears_the_latest_only() -> None:
    stage = Stage()
    watch = stage.news.join()
    for version in (2, 3):
        done(stage.seat_map, hold(f"h{version}", version))
        stage.news.flush(version)
    (told,) = heard(watch)
    assert told is not None
    assert told.figures[0].use.held == 2


def test_nothing_is_counted_while_nobody_watches_or_nothing_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    watch = stage.news.join()
    stage.news.flush(1)
    monkeypatch.delattr(quota_news, "quota_figures")
    stage.news.flush(1)
    stage.news.leave(watch)
    done(stage.seat_map, hold("h1", 1))
    stage.news.flush(2)


def test_a_hall_without_quotas_has_none_to_tell_and_says_so_once() -> None:
    stage = Stage(RULES)
    watch = stage.news.join()
    done(stage.seat_map, hold("h1", 1))
    stage.news.flush(2)
    (told,) = heard(watch)
    assert told is not None
    assert told.figures == ()


def test_the_end_of_the_owner_ends_the_watch() -> None:
    stage = Stage()
    watch = stage.news.join()
    stage.news.close()
    assert heard(watch)[-1] is None
    assert heard(stage.news.join()) == [None]
