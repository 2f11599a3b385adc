"""A mail with documents of an allotment, asked for once."""

from __future__ import annotations

from dataclasses import dataclass

MAX_DOCUMENTS = 10
# What mail servers usually take, less what base64 adds.
MAX_ATTACHED_BYTES = 15 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Send:
    """`sent_at_ms` None: it waits for the post."""

    send_id: str
    allotment_id: str
    office_id: str
    document_ids: tuple[str, ...]
    language: str
    created_at_ms: int
    sent_at_ms: int | None = None
