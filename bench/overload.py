"""What an owner does with ten times what it can do: goodput over peak, memory, and how soon all is as before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field

from bench import load
from bench.flood import Flood, GreedyStreamFlood, Outcome, StreamFlood, UnaryFlood
from bench.process import Cores, resident_mib
from bench.stack import InventoryStack
from bench.urgent import Releases

# No phase may run out of seats.
HALL = 400_000
PEAK_SECONDS = 3.0
NORMAL_SHARE = 0.5
NORMAL_SECONDS = 3.0
OVERLOAD_TIMES = 10
OVERLOAD_SECONDS = 8.0
RECOVERY_SECONDS = 5.0
MEMORY_SECONDS = 0.25


@dataclass(slots=True)
class Flooded:
    """What happened, by phase; the owner's memory in MiB, sampled from before the flood until the end."""

    phases: dict[str, Outcome] = field(default_factory=dict)
    releases: dict[str, Outcome] = field(default_factory=dict)
    cores: dict[str, dict[str, float]] = field(default_factory=dict)
    memory_mib: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """For machines."""
        before, most, after = self.memory_mib[0], max(self.memory_mib), self.memory_mib[-1]
        return {
            "phases": {
                phase: outcome.as_json() | {"release_p99_ms": self._release_p99_ms(phase)} | self.cores[phase]
                for phase, outcome in self.phases.items()
            },
            "owner_mib": {"before": round(before, 1), "most": round(most, 1), "after": round(after, 1)},
        }

    def _release_p99_ms(self, phase: str) -> float | None:
        found = self.releases.get(phase)
        return round(found.percentile_ms(99), 2) if found is not None else None


async def flood(stack: InventoryStack, kind: type[Flood], name: str) -> Flooded:
    """Peak, then normal load, ten times the peak, and normal load again; one performance for the peak, one for all."""
    target, pid = stack.nodes[0], stack.pids[0]
    first, second = await stack.put_performances(HALL, 2, prefix=f"flood_{name.replace(' ', '_')}")
    await load.wake_all(target, [first, second])
    found = Flooded()
    meter = Cores(pid)

    async def phase(name: str, running: Awaitable[Outcome]) -> Outcome:
        meter.lap()
        task = asyncio.ensure_future(running)
        while not task.done():
            found.memory_mib.append(resident_mib(pid))
            await asyncio.wait({task}, timeout=MEMORY_SECONDS)
        found.phases[name] = outcome = await task
        found.cores[name] = meter.lap()
        return outcome

    async with kind(target, first, HALL) as crowd:
        peak = await phase("peak", crowd.closed(PEAK_SECONDS))
    found.memory_mib.clear()
    async with kind(target, second, HALL) as crowd, Releases(target, second) as releases:
        normal = peak.goodput * NORMAL_SHARE
        for name_of_phase, rate, seconds in (
            ("before", normal, NORMAL_SECONDS),
            ("overload", peak.goodput * OVERLOAD_TIMES, OVERLOAD_SECONDS),
            ("recovering", normal, RECOVERY_SECONDS),
            ("after", normal, NORMAL_SECONDS),
        ):
            await phase(name_of_phase, crowd.open(rate, seconds))
            found.releases[name_of_phase] = releases.lap()
    return found


FLOODS: dict[str, type[Flood]] = {
    "unary": UnaryFlood,
    "stream": StreamFlood,
    "stream without credit": GreedyStreamFlood,
}
