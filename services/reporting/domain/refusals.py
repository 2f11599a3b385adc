"""What reporting answers no with."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class PerformanceNotFound(Refusal):
    """House {house_id} has no performance {performance_id} with figures."""

    kind = Kind.NOT_FOUND
    house_id: str
    performance_id: str


@dataclass(frozen=True, slots=True)
class DashboardNotFound(Refusal):
    """You have no dashboard {dashboard_id}; what a house does not grant you is the house's to grant."""

    kind = Kind.NOT_FOUND
    dashboard_id: str


@dataclass(frozen=True, slots=True)
class DashboardArchived(Refusal):
    """Dashboard {dashboard_id} was taken out of the menu and cannot be changed."""

    kind = Kind.PRECONDITION
    dashboard_id: str


@dataclass(frozen=True, slots=True)
class TooManyDashboards(Refusal):
    """You have {limit} dashboards of your own, and that is the most: take one out of the menu first."""

    kind = Kind.PRECONDITION
    limit: int


@dataclass(frozen=True, slots=True)
class ReportTooLong(Refusal):
    """The report has more than {limit} rows, and a {form} takes no more: narrow it, or take another format."""

    kind = Kind.PRECONDITION
    form: str
    limit: int
