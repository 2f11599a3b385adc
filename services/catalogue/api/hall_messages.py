"""Halls and plans between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.domain.hall import Hall
from services.catalogue.handlers.seating_plans import PlanImported


def hall_message(hall: Hall) -> pb.Hall:
    """The hall on the wire."""
    return pb.Hall(hall_id=hall.hall_id, house_id=hall.house_id, name=hall.name)


def import_response(imported: PlanImported) -> pb.ImportSeatingPlanResponse:
    """What an import is answered with."""
    warnings = [pb.PlanWarning(field=warning.field, description=warning.description) for warning in imported.warnings]
    return pb.ImportSeatingPlanResponse(
        plan_version=imported.plan_version, seat_count=imported.seat_count, warnings=warnings
    )
