"""What saved reports and schedules answer no with."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class SavedReportNotFound(Refusal):
    """The house has no saved report {saved_report_id}."""

    kind = Kind.NOT_FOUND
    saved_report_id: str


@dataclass(frozen=True, slots=True)
class SavedReportArchived(Refusal):
    """The saved report {saved_report_id} is out of use: make a new one."""

    kind = Kind.PRECONDITION
    saved_report_id: str


@dataclass(frozen=True, slots=True)
class TooManySavedReports(Refusal):
    """The house has {most} saved reports in use: archive one first."""

    kind = Kind.PRECONDITION
    most: int


@dataclass(frozen=True, slots=True)
class ScheduleNotFound(Refusal):
    """The house has no schedule {schedule_id}."""

    kind = Kind.NOT_FOUND
    schedule_id: str


@dataclass(frozen=True, slots=True)
class ScheduleArchived(Refusal):
    """The schedule {schedule_id} has ended: make a new one."""

    kind = Kind.PRECONDITION
    schedule_id: str


@dataclass(frozen=True, slots=True)
class TooManySchedules(Refusal):
    """The house has {most} schedules: archive one first."""

    kind = Kind.PRECONDITION
    most: int


@dataclass(frozen=True, slots=True)
class PromoterNotOurs(Refusal):
    """No promoter {promoter_id} belongs to the house: the house that made a promoter keeps its reports (R3.2)."""

    kind = Kind.NOT_FOUND
    promoter_id: str
