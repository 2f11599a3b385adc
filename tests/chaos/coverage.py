"""Did the faults bite? A run in which nothing happened proves nothing, and is void (RULE 37, TRAP 29)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.chaos.history import OK, REFUSED, UNKNOWN, History
from tests.chaos.inventory_nodes import FENCED, GAP, SEEN, Cluster

CALM_OPERATIONS_PER_SECOND = 100


@dataclass(slots=True)
class Coverage:
    """What was seen to happen."""

    operations: int = 0
    ok: int = 0
    refused: int = 0
    unknown: int = 0
    calm_per_second: float = 0.0
    activations: int = 0
    takeovers: int = 0
    fenced: int = 0
    gaps: int = 0
    sent_again: int = 0
    lost_in_failover: int = 0
    bus_losses: int = 0
    # Steps of offices that were done: seats handed out, reported, given back.
    dealt: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def missing(
        self, kinds: Sequence[str], *, has_time: bool = True, calm_per_second: float = CALM_OPERATIONS_PER_SECOND
    ) -> list[str]:
        """Why a run with these kinds of faults is void; nothing if it counts. `has_time`: each kind must have come."""
        reasons = [f"fault {kind} was never injected" for kind in kinds if has_time and not self.faults[kind]]
        if self.calm_per_second < calm_per_second:
            reasons.append(f"only {self.calm_per_second:.0f} successful operations/s before the first fault")
        if self.unknown < 1:
            reasons.append("not one unknown outcome")
        if self.faults["kill"] and self.takeovers < 1:
            reasons.append("not one takeover from a killed owner")
        if self.faults["lease_loss"] and self.fenced < 1:
            reasons.append("not one fenced write")
        if (self.faults["failover"] or self.faults["master_loss"]) and self.lost_in_failover < 1:
            reasons.append("the failover lost no acknowledged hold")
        if self.dealt < 1:
            reasons.append("not one step of an office")
        if self.faults["bus_cut"] and self.bus_losses < 1:
            reasons.append("not one node noticed that the bus was gone")
        return reasons


def cover(cluster: Cluster, history: History, lost_in_failover: int, bus_losses: int) -> Coverage:
    """Counts. Owners and epochs come from the nodes' logs, which outlive kill -9."""
    outcomes = Counter(record.outcome for record in history.operations)
    first_fault = min((fault.started for fault in history.faults), default=history.now())
    started = min((record.first_sent for record in history.operations), default=0.0)
    calm = sum(1 for record in history.operations if record.outcome == OK and record.returned < first_fault)
    activations = _activations(cluster)
    takeovers = sum(_is_takeover(*pair) for epochs in activations.values() for pair in pairwise(epochs))
    words = cluster.store_words()
    fenced_appends = sum(
        1
        for node in cluster.nodes
        for line in node.said()
        if line.get("cause") == "Fenced" or line.get("fault") == "Fenced"
    )
    return Coverage(
        operations=len(history.operations),
        ok=outcomes[OK],
        refused=outcomes[REFUSED],
        unknown=outcomes[UNKNOWN],
        calm_per_second=calm / max(0.001, first_fault - started),
        activations=sum(map(len, activations.values())),
        takeovers=takeovers,
        fenced=max(words[FENCED], fenced_appends),
        gaps=words[GAP],
        sent_again=words[SEEN],
        lost_in_failover=lost_in_failover,
        bus_losses=bus_losses,
        dealt=sum(record.outcome == OK and record.allotment != "" for record in history.operations),
        faults=Counter(fault.kind for fault in history.faults),
    )


@dataclass(frozen=True, slots=True, order=True)
class _Activation:
    """A performance came up at a node in its n-th process, whose successor started at `replaced_at` (empty: none)."""

    epoch: int
    node: int
    start: int
    at: str
    replaced_at: str


def _is_takeover(before: _Activation, after: _Activation) -> bool:
    """The owner before died without a word (a storm ends processes by kill -9 only), and another process took over."""
    return before.replaced_at != "" and (before.node, before.start) != (after.node, after.start)


def _activations(cluster: Cluster) -> dict[str, list[_Activation]]:
    """Every activation by performance, in the order of epochs."""
    found: dict[str, list[_Activation]] = {}
    for node in cluster.nodes:
        lines = list(node.said())
        starts = [line["timestamp"] for line in lines if line.get("event") == "service_started"]
        for line in lines:
            if line.get("event") == "performance_activated":
                start = sum(started <= line["timestamp"] for started in starts)
                replaced_at = starts[start] if start < len(starts) else ""
                made = _Activation(line["epoch"], node.number, start, line["timestamp"], replaced_at)
                found.setdefault(line["performance_id"], []).append(made)
    return {performance: sorted(made) for performance, made in found.items()}
