"""Reasons of refusals are compared by their names in services.contracts.reasons: a misspelt one never matches."""

import ast
from collections.abc import Iterator
from pathlib import Path

from services.contracts.reasons import Reason
from tests.architecture.tree import modules, parsed

# The runtime knows no service's refusals, and may not import the list.
BOUND = (("services",), ("bench",), ("tests", "chaos"))
EXEMPT = ("services", "runtime")


def bound_modules() -> Iterator[Path]:
    for path in modules():
        if path.parts[: len(EXEMPT)] != EXEMPT and any(path.parts[: len(start)] == start for start in BOUND):
            yield path


def compared_texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """Texts that something is compared with: by operators, in sets and tuples, in the cases of a match."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.MatchValue):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    yield inner


def test_what_is_compared_with_a_text_would_be_noticed() -> None:
    samples = (
        'a == "SEATS_TAKEN"',
        'a in {"SEATS_TAKEN"}',
        'match a:\n    case ("x", ("SEATS_TAKEN" | "y")):\n        0',
    )
    for sample in samples:
        assert "SEATS_TAKEN" in {text.value for text in compared_texts(ast.parse(sample))}


def test_no_reason_is_compared_as_a_text() -> None:
    reasons = {reason.value for reason in Reason}
    found = [
        f"{path}:{text.lineno} {text.value}"
        for path in bound_modules()
        for text in compared_texts(parsed(path))
        if text.value in reasons
    ]
    assert not found
