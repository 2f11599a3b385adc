"""The table of first answers to writes (RULE 27)."""

from __future__ import annotations

from services.contracts.answer_rows import answer_table
from services.reporting.adapters.metadata import metadata

idempotency_keys = answer_table(metadata)
