"""The linking screen as a terminal shows it: a line for each performance of the platform (R0.8)."""

from __future__ import annotations

from typing import Any

from balcon.podiumkunst.v1 import links_pb2 as pb
from rich.console import RenderableType
from rich.markup import escape

from services.console.house.printing import folded_table
from services.contracts.money import decimal_text


def unlinked_table(answer: Any) -> RenderableType:
    """Title, date, time and number; what it may be, with its certainty; what does not agree."""
    table = folded_table("title", "date", "time", "number", "may be", "clear", "look at")
    for line in answer.lines:
        told = line.performance
        first = next(iter(line.suggestions), None)
        alerts = [*line.alerts, *(first.alerts if first else ())]
        table.add_row(
            *map(escape, (told.title, told.date, told.time, told.number)),
            escape("\n".join(_suggestion(one) for one in line.suggestions)),
            "yes" if first is not None and first.is_clear else "",
            escape("\n".join(_alert(one) for one in alerts)),
        )
    return table


def links_table(answer: Any) -> RenderableType:
    """Both sides of each link, and what does not agree by now."""
    table = folded_table("number", "code", "title", "date", "time", "look at")
    for link in answer.links:
        ours = link.performance
        name = ours.code or ours.performance_id
        alerts = "\n".join(_alert(one) for one in link.alerts)
        table.add_row(*map(escape, (link.number, name, ours.title, ours.date, ours.time, alerts)))
    return table


def portfolio_table(answer: Any) -> RenderableType:
    """What each production has sold, and when the platform told it."""
    table = folded_table("production", "title", "province", "theatre", "theatres", "tickets", "recette")
    for line in answer.lines:
        recette = f"{decimal_text(line.recette.amount_minor, line.recette.currency)} {line.recette.currency}"
        counts = (str(line.theatres), str(line.tickets), recette)
        table.add_row(*map(escape, (line.production, line.title, line.province, line.theatre, *counts)))
    return table


def _suggestion(one: pb.Suggestion) -> str:
    return f"{one.performance.code or one.performance.performance_id} {one.certainty}%"


def _alert(one: pb.Alert) -> str:
    name = pb.Oddity.Name(one.oddity).removeprefix("ODDITY_").lower()
    return f"{name}: {one.detail}" if one.detail else name
