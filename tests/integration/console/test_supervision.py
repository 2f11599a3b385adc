"""Service processes under the console: started again when they die, stopped in time, never outliving the console."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from services.console.stack.data_folder import DataFolder, NoStackRuns, StackRecord, StackRuns
from services.console.stack.guardian import Guardian
from services.console.stack.processes import ProcessPlan, ServiceNotReady, SupervisedProcess
from services.runtime.clock import SystemClock
from services.runtime.ids import SeededIds
from services.runtime.testing import eventually
from services.runtime.testing.child_process import child

CLOCK = SystemClock()
OBEDIENT = """
import pathlib, signal, time
pathlib.Path("{mark}").write_text("ready")
signal.signal(signal.SIGTERM, lambda *_: exit(0))
while True:
    time.sleep(0.05)
"""
STUBBORN = OBEDIENT.replace("lambda *_: exit(0)", "signal.SIG_IGN")
BROKEN = "raise SystemExit(3)"


def lives(pid: int) -> bool:
    """Whether the process runs; a zombie nobody has reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Rig:
    """A module to run and the supervision of it, in a folder of its own."""

    def __init__(self, folder: Path, source: str) -> None:
        self.mark = folder / "mark"
        (folder / "stand_in.py").write_text(source.format(mark=self.mark))
        self.guardian = Guardian()
        self.guardian.start()
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        plan = ProcessPlan("stand_in", "stand_in", environment, self._is_ready)
        self.process = SupervisedProcess(plan, folder, self.guardian, CLOCK)

    async def _is_ready(self) -> bool:
        return self.mark.exists()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.process.stop(1.0)
        self.guardian.stop()


async def test_a_killed_service_is_started_again(tmp_path: Path) -> None:
    async with Rig(tmp_path, OBEDIENT) as rig:
        await rig.process.start()
        await rig.process.wait_ready()
        rig.mark.unlink()
        killed = rig.process.kill()
        await rig.process.wait_ready()
        assert rig.process.restarts == 1
        assert rig.process.pid not in {None, killed}


async def test_a_stopped_service_stays_stopped(tmp_path: Path) -> None:
    async with Rig(tmp_path, OBEDIENT) as rig:
        await rig.process.start()
        await rig.process.wait_ready()
        pid = rig.process.pid
        assert await rig.process.stop()
        assert rig.process.pid is None
        assert pid is not None and not lives(pid)


async def test_a_service_that_ignores_sigterm_is_killed_in_time(tmp_path: Path) -> None:
    async with Rig(tmp_path, STUBBORN) as rig:
        await rig.process.start()
        await rig.process.wait_ready()
        pid = rig.process.pid
        # Without the kill it would live on, and this would never return.
        assert not await rig.process.stop(0.3)
        assert pid is not None and not lives(pid)


async def test_a_service_that_cannot_start_is_reported_with_its_log(tmp_path: Path) -> None:
    async with Rig(tmp_path, BROKEN) as rig:
        await rig.process.start()
        with pytest.raises(ServiceNotReady, match="again and again"):
            await rig.process.wait_ready()


async def test_services_do_not_outlive_a_console_that_was_killed(tmp_path: Path) -> None:
    console = f"""
import asyncio, os, pathlib
from tests.integration.console.test_supervision import OBEDIENT, Rig
async def main():
    rig = Rig(pathlib.Path({str(tmp_path)!r}), OBEDIENT)
    await rig.process.start()
    await rig.process.wait_ready()
    pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(rig.process.pid))
    await asyncio.Event().wait()
asyncio.run(main())
"""
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": f"{root}:{root / 'protos/gen'}"}
    pid_file = tmp_path / "pid"
    async with child(sys.executable, "-c", console, environment=environment, folder=root) as process:
        # It is there before the number is in it.
        await eventually(lambda: pid_file.exists() and pid_file.read_text())
        pid = int(pid_file.read_text())
        assert lives(pid)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        await eventually(lambda: not lives(pid))


def test_two_stacks_on_one_data_folder_are_refused(tmp_path: Path) -> None:
    with DataFolder(tmp_path), pytest.raises(StackRuns), DataFolder(tmp_path):
        pass
    with DataFolder(tmp_path):
        pass


def test_the_record_of_a_dead_stack_is_not_believed(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        folder.write_record(StackRecord(2**22 + 1, {}, {}, "", ""))
        with pytest.raises(NoStackRuns):
            folder.read_record()


def test_secrets_and_ports_stay_the_same_over_starts(tmp_path: Path) -> None:
    ids = SeededIds(1)
    with DataFolder(tmp_path) as folder:
        secret = folder.secret("hook", ids)
        ports = folder.ports(["a", "b"], iter([1, 2]).__next__, lambda _: True)
    with DataFolder(tmp_path) as folder:
        assert folder.secret("hook", ids) == secret
        assert folder.ports(["a", "b"], iter([3, 4]).__next__, lambda _: True) == ports
        assert folder.ports(["a", "b"], iter([3, 4]).__next__, lambda port: port != 1) == {"a": 3, "b": 2}
