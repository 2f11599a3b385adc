"""Documents as messages."""

from __future__ import annotations

from balcon.ticketing.v1 import ticketing_service_pb2 as pb

from services.contracts.wire_types import wire_instant
from services.ticketing.domain.document import Document


def document_message(house_id: str, document: Document) -> pb.Document:
    """All that is known of it but its bytes."""
    return pb.Document(
        house_id=house_id,
        document_id=document.document_id,
        kind=pb.DocumentKind.Value(f"DOCUMENT_KIND_{document.kind.value}"),
        number=document.number,
        performance_id=document.performance_id,
        allotment_id=document.allotment_id,
        office_id=document.office_id,
        language=document.language,
        stock=document.stock,
        tickets=document.tickets,
        print_number=document.print_number,
        allotment_version=document.allotment_version,
        file_name=document.file_name,
        content_type=document.content_type,
        size_bytes=document.size_bytes,
        sha256=document.sha256,
        created_at=wire_instant(document.created_at_ms),
    )
