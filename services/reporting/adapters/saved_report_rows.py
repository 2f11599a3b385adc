"""Saved reports in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import Place
from services.reporting.adapters.schedule_tables import saved_reports
from services.reporting.domain.saved_report import SavedReport

_REPORT = saved_reports.c
_AS_MADE = (_REPORT.created_at_ms, _REPORT.saved_report_id)


class SavedReportRows:
    """See SavedReports."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id
        self._ours = _REPORT.house_id == house_id

    async def add(self, report: SavedReport) -> None:
        """See SavedReports.add."""
        values = {"house_id": self._house_id, "promoter_id": report.promoter_id, **_values(report)}
        key = {"saved_report_id": report.saved_report_id, "created_at_ms": report.created_at_ms}
        await self._connection.execute(insert(saved_reports), values | key)

    async def get(self, saved_report_id: str) -> SavedReport | None:
        """See SavedReports.get."""
        wanted = sa.select(saved_reports).where(self._ours, _REPORT.saved_report_id == saved_report_id)
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else _report(row)

    async def count(self) -> int:
        """See SavedReports.count."""
        counted = sa.select(sa.func.count()).where(self._ours, _REPORT.archived_at_ms.is_(None))
        return int((await self._connection.execute(counted)).scalar_one())

    async def save(self, report: SavedReport) -> bool:
        """See SavedReports.save."""
        this = (self._ours, _REPORT.saved_report_id == report.saved_report_id, _REPORT.revision == report.revision - 1)
        saved = sa.update(saved_reports).where(*this).values(_values(report)).returning(_REPORT.revision)
        return (await self._connection.execute(saved)).first() is not None

    async def page(self, after: Place | None, limit: int, *, archived: bool, promoter_id: str) -> Sequence[SavedReport]:
        """See SavedReports.page."""
        wanted = sa.select(saved_reports).where(self._ours).order_by(*_AS_MADE).limit(limit)
        if not archived:
            wanted = wanted.where(_REPORT.archived_at_ms.is_(None))
        if promoter_id:
            wanted = wanted.where(_REPORT.promoter_id == promoter_id)
        if after is not None:
            place = sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id))
            wanted = wanted.where(sa.tuple_(*_AS_MADE) > place)
        return [_report(row) for row in await self._connection.execute(wanted)]


def _values(report: SavedReport) -> dict[str, Any]:
    return {
        "name": report.name,
        "question": report.question,
        "language": report.language,
        "formats": list(report.formats),
        "revision": report.revision,
        "archived_at_ms": report.archived_at_ms,
    }


def _report(row: sa.Row[Any]) -> SavedReport:
    return SavedReport(
        row.saved_report_id,
        row.promoter_id,
        row.name,
        bytes(row.question),
        row.language,
        tuple(row.formats),
        row.created_at_ms,
        row.revision,
        row.archived_at_ms,
    )
