"""What the runs found: a table for people, JSON for machines, a chart; all in bench/results/."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
_BAR = 26
_LEFT = 420
_WIDTH = 1_000


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement. Percentiles are of messages on a stream and of calls otherwise; 0 where not taken."""

    group: str
    name: str
    holds_per_second: float
    p50_ms: float = 0.0
    p99_ms: float = 0.0


class Report:
    """Collects figures and says ratios."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []
        self.ratios: dict[str, float] = {}
        # Measurements that are not holds per second, as their module tells them.
        self.details: dict[str, object] = {}
        self._console = Console(soft_wrap=True)

    def add(self, figure: Figure) -> Figure:
        """Takes a figure and prints it as it comes."""
        self.figures.append(figure)
        self._console.print(
            f"{figure.group:<12} {figure.name:<66} {figure.holds_per_second:>10,.0f} holds/s"
            + (f"  p50 {figure.p50_ms:7.1f} ms  p99 {figure.p99_ms:7.1f} ms" if figure.p99_ms else ""),
            highlight=False,
        )
        return figure

    def ratio(self, name: str, one: float, other: float) -> None:
        """Notes one figure over another of the same run."""
        self.ratios[name] = round(one / other, 2) if other else 0.0

    def show(self) -> None:
        """Prints the ratios."""
        table = Table(title="Ratios of this run", title_justify="left")
        table.add_column("ratio")
        table.add_column("value", justify="right")
        for name, value in self.ratios.items():
            table.add_row(name, f"{value:,.2f}")
        self._console.print(table)

    def write(self) -> None:
        """Prints the ratios and writes the files."""
        self.show()
        RESULTS.mkdir(exist_ok=True)
        document = {
            "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
            "figures": [asdict(figure) for figure in self.figures],
            "ratios": self.ratios,
            "details": self.details,
        }
        (RESULTS / "bench.json").write_text(json.dumps(document, indent=2) + "\n", "utf-8")
        (RESULTS / "bench.svg").write_text(_chart(self.figures), "utf-8")
        self._console.print(f"written: {RESULTS.name}/bench.json, {RESULTS.name}/bench.svg", highlight=False)


def _chart(figures: list[Figure]) -> str:
    """Horizontal bars, one a figure."""
    most = max(figure.holds_per_second for figure in figures)
    height = _BAR * len(figures) + 60
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        '<text x="16" y="28" font-size="16" fill="#1d3557">Two-seat holds per second, one run</text>',
    ]
    colours = {"ours": "#2a6f97", "limits": "#9aa5b1", "baselines": "#b3202a"}
    for row, figure in enumerate(figures):
        y = 46 + row * _BAR
        width = max(1.0, figure.holds_per_second / most * (_WIDTH - _LEFT - 110))
        colour = colours.get(figure.group, "#2a6f97")
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 15}" font-size="12" text-anchor="end">{figure.name}</text>')
        parts.append(f'<rect x="{_LEFT}" y="{y + 3}" width="{width:.1f}" height="{_BAR - 8}" fill="{colour}"/>')
        label = f"{figure.holds_per_second:,.0f}"
        parts.append(f'<text x="{_LEFT + width + 6:.1f}" y="{y + 15}" font-size="12">{label}</text>')
    return "\n".join([*parts, "</svg>", ""])
