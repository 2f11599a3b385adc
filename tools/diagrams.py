"""What a state machine is drawn from: edges that somebody found by asking the domain, as Mermaid and as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

_MOST_LABELS = 6


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """`label` brings a thing from one state to another; an edge from START tells where things begin."""

    source: str
    target: str
    label: str


START = "[*]"


@dataclass(frozen=True, slots=True)
class Machine:
    """A diagram with its heading, what is to be said before it and, where that is worth it, a table after it."""

    title: str
    words: str
    edges: Sequence[Edge]
    table: str = ""


def mermaid(edges: Iterable[Edge]) -> str:
    """A state diagram; what leads from a state to itself is left out, several labels share an arrow."""
    lines = ["```mermaid", "stateDiagram-v2"]
    in_order = sorted(set(edges), key=lambda edge: (edge.source != START, edge))
    between = groupby(in_order, key=lambda edge: (edge.source, edge.target))
    for (source, target), found in between:
        labels = [edge.label for edge in found if edge.label]
        if source == target:
            continue
        more = [f"{len(labels) - _MOST_LABELS} more"] if len(labels) > _MOST_LABELS else []
        said = ", ".join([*labels[:_MOST_LABELS], *more])
        lines.append(f"    {source} --> {target}{': ' if said else ''}{said}")
    return "\n".join([*lines, "```", ""])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), ""])
