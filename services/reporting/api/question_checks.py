"""What is wrong with the question of a report that is to be kept."""

from __future__ import annotations

from collections.abc import Iterator

from balcon.reporting.v1 import report_questions_pb2 as pb

from services.contracts.languages import refused_language
from services.runtime.errors import UNSET, FieldInvalid


def refused_question(field: str, question: pb.ReportQuestion) -> Iterator[FieldInvalid | None]:
    """All that is wrong with it."""
    if not question.kind or question.kind not in pb.ReportKind.values():
        problem = f"{int(question.kind)} is no report" if question.kind else UNSET
        yield FieldInvalid(f"{field}.kind", problem, "one of ReportKind")
    yield refused_language(f"{field}.language", question.language)
