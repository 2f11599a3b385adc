"""Filters of the linking screen as conditions of SQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta

import sqlalchemy as sa

from services.integrations.podiumkunst.adapters.link_tables import platform_performances
from services.integrations.podiumkunst.domain.linkable import LineFilter
from services.integrations.podiumkunst.domain.platform import wall_ms

_p = platform_performances.c


def conditions_of(wanted: LineFilter) -> Iterator[sa.ColumnElement[bool]]:
    """What a line must pass, its link aside."""
    yield _p.season_year >= wanted.season_from
    if not wanted.with_others:
        yield _p.is_linkable
        yield _p.gone_at_ms.is_(None)
    if wanted.text:
        texts = [_p.title, _p.performer, _p.number]
        yield sa.or_(*(one.icontains(wanted.text, autoescape=True) for one in texts))
    if wanted.from_day is not None:
        yield _p.wall_ms >= wall_ms(datetime.combine(wanted.from_day, time()))
    if wanted.until_day is not None:
        yield _p.wall_ms < wall_ms(datetime.combine(wanted.until_day + timedelta(days=1), time()))
    if wanted.theatre_id:
        yield _p.theatre_id == wanted.theatre_id
