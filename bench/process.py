"""What a process takes of the machine. Linux only."""

from __future__ import annotations

import os
import time
from pathlib import Path


def resident_mib(pid: int) -> float:
    """What a process holds in memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def cpu_seconds(pid: int) -> float:
    """What a process has taken so far, in hundredths."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Cores:
    """How many cores the owner and this process took: on a small machine they take them from each other."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._at = (time.perf_counter(), cpu_seconds(pid), time.process_time())

    def lap(self) -> dict[str, float]:
        """Since the last lap."""
        before, self._at = self._at, (time.perf_counter(), cpu_seconds(self._pid), time.process_time())
        wall, owner, callers = (now - then for now, then in zip(self._at, before, strict=True))
        return {"owner_cores": round(owner / wall, 2), "callers_cores": round(callers / wall, 2)}
