"""Reports as files: what is asked, and what comes of it. For downloads and for mails alike."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from services.reporting.domain.report_kinds import FileFormat, Interval, Period, ReportKind
from services.reporting.ports.figures import Narrowing
from services.reporting.ports.grants import GrantedHouse
from services.runtime.errors import Refusal


@dataclass(frozen=True, slots=True)
class ReportQuestion:
    """One report. `moved_in` and `starts_in` stand for the narrowing's times, by each house's own calendar.

    `as_of_ms`: the moment that they are counted from; None: when it is made.
    """

    kind: ReportKind
    language: str
    narrowing: Narrowing = field(default_factory=Narrowing)
    moved_in: Period | None = None
    starts_in: Period | None = None
    interval: Interval = Interval.DAY
    as_of_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file that has been made, open at its beginning; it is gone when the context that gave it ends."""

    name: str
    content_type: str
    size_bytes: int
    file: BinaryIO


class ReportFiles(Protocol):
    """Makes files beside the loop: whatever their size, memory stays flat."""

    def made(
        self, question: ReportQuestion, houses: Sequence[GrantedHouse], form: FileFormat, *, for_promoter: bool
    ) -> AbstractAsyncContextManager[ReportFile | Refusal]:
        """The report of these houses, told house by house. No houses: an empty report.

        `for_promoter`: whoever reads it is not of the house, and hears nothing of its people and customers.
        Refusals: ReportTooLong. Raises NeighbourSilent, StoreUnavailable, PaperFailed.
        """
        ...
