"""The read side: what theatres have told about a production, summed per theatre."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from services.integrations.podiumkunst.sandbox.books import Account, Told
from services.integrations.podiumkunst.sandbox.wire import Performance, Theater


def sales_of(accounts: Iterable[Account], production: str) -> list[dict[str, Any]]:
    """One entry for each theatre that has told of it; times have no zone, recette is in cents."""
    theaters: dict[str, Theater] = {}
    lines: dict[str, list[dict[str, Any]]] = {}
    for account in accounts:
        for number, told in account.told.items():
            performance = account.performances.get(number)
            if performance is None or performance.production.id != production or told.tickets is None:
                continue
            theaters[performance.theater.id] = performance.theater
            lines.setdefault(performance.theater.id, []).append(_line(performance, told))
    return [_theater(theaters[theater_id], lines[theater_id]) for theater_id in sorted(theaters)]


def _line(performance: Performance, told: Told) -> dict[str, Any]:
    kinds = told.tickets["tickets"] if told.tickets else []
    return {
        "number": performance.number,
        "date": performance.date,
        "tickets": sum(kind["amount"] for kind in kinds),
        "recette": sum(kind["recette"] for kind in kinds),
        "updated": datetime.fromtimestamp(told.updated_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
    }


def _theater(theater: Theater, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": theater.id,
        "name": theater.name,
        "province": msgspec.to_builtins(theater.province),
        "updated": max(line["updated"] for line in lines),
        "tickets": sum(line["tickets"] for line in lines),
        "recette": sum(line["recette"] for line in lines),
        "performances": lines,
    }
