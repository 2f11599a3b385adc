"""Seating plans' versions and files between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Iterator

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.domain.plan_version import PlanVersion
from services.catalogue.handlers.plan_intake import PlanImported
from services.catalogue.handlers.seating_plans import PlanExport
from services.contracts.bounds import PART_BYTES
from services.contracts.wire_types import wire_instant


def warning_messages(imported: PlanImported) -> list[pb.PlanWarning]:
    """What whoever adds the plan should know."""
    return [pb.PlanWarning(field=warning.field, description=warning.description) for warning in imported.warnings]


def import_response(imported: PlanImported) -> pb.ImportSeatingPlanResponse:
    """What an import is answered with."""
    return pb.ImportSeatingPlanResponse(
        plan_version=imported.plan_version, seat_count=imported.seat_count, warnings=warning_messages(imported)
    )


def version_message(version: PlanVersion) -> pb.SeatingPlanVersion:
    """A version without its seats."""
    return pb.SeatingPlanVersion(
        plan_version=version.plan_version,
        name=version.name,
        seat_count=version.seat_count,
        categories=version.categories,
        imported_at=wire_instant(version.imported_at_ms),
        performance_count=version.performance_count,
        performance_ids=version.performance_ids,
    )


def export_parts(export: PlanExport) -> Iterator[pb.ExportSeatingPlanResponse]:
    """The document's parts, then the sidecar's; the first one tells the version."""
    document, sidecar = export.documents.document, export.documents.sidecar
    yield pb.ExportSeatingPlanResponse(plan_version=export.plan_version, document_part=document[:PART_BYTES])
    for start in range(PART_BYTES, len(document), PART_BYTES):
        yield pb.ExportSeatingPlanResponse(document_part=document[start : start + PART_BYTES])
    for start in range(0, len(sidecar), PART_BYTES):
        yield pb.ExportSeatingPlanResponse(sidecar_part=sidecar[start : start + PART_BYTES])
