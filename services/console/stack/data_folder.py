"""The folder that one stack lives in: its lock, its pid file, its secrets and ports. Knows nothing of processes."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import msgspec

from services.runtime.access.written_keys import key_of
from services.runtime.clock import SystemClock
from services.runtime.embedded.data_folder import make_folder, reachable_temp_folder, unprivileged_account
from services.runtime.errors import Fatal
from services.runtime.ids import Ids

POSTGRES, KAFKA = "postgres", "kafka"


class StackRuns(Fatal):
    """A stack runs on this data folder already: `balcon down` stops it, `--data` takes another folder."""


class NoStackRuns(Fatal):
    """No stack runs on this data folder: start one with `balcon up`, or name the services with --target."""


class OtherBus(Fatal):
    """The data folder keeps its events on another bus: consumers could not go on. Take that bus, or another folder."""


class StackRecord(msgspec.Struct, frozen=True):
    """What a running stack tells other commands: who it is and where its services answer (host:port)."""

    pid: int
    targets: dict[str, str]
    metrics: dict[str, str]
    pay_page: str
    bus: str
    # With the password of its database: for commands on this machine, never printed.
    bus_url: str = ""
    # The environment of reporting, for a rebuild of its read models beside it.
    reporting: dict[str, str] = {}
    # The pretended DIP platform.
    dip: str = ""


class DataFolder:
    """`with DataFolder(path):` no second stack can have it meanwhile (StackRuns)."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self._lock: int | None = None

    @property
    def logs(self) -> Path:
        """Where the services' logs go; 0700, because logs are nobody else's business."""
        return make_folder(self.path / "logs", 0o700)

    @property
    def record_path(self) -> Path:
        """The pid file; there while a stack runs."""
        return self.path / "stack.pid"

    def __enter__(self) -> Self:
        make_folder(self.path, 0o755)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.path / "stack.lock", flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise StackRuns(folder=str(self.path)) from error
        self._lock = descriptor
        return self

    def __exit__(self, *_: object) -> None:
        self.record_path.unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def write_record(self, record: StackRecord) -> None:
        """Replaces the pid file in one step."""
        _write_private(self.record_path, msgspec.json.encode(record))

    def read_record(self) -> StackRecord:
        """The running stack's record (NoStackRuns when there is none or it died without taking it along)."""
        try:
            record = msgspec.json.decode(self.record_path.read_bytes(), type=StackRecord)
            os.kill(record.pid, 0)
        except (FileNotFoundError, ProcessLookupError, PermissionError, msgspec.DecodeError) as error:
            raise NoStackRuns(folder=str(self.path)) from error
        return record

    @property
    def locked(self) -> bool:
        """Whether a stack holds the folder now."""
        try:
            descriptor = os.open(self.path / "stack.lock", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def bus(self, wanted: str) -> str:
        """Which bus of its own the folder has from its first start on (OtherBus); '' takes what it has."""
        path = self.path / "bus"
        if path.exists():
            kept = path.read_text()
        elif (self.path / "postgres").exists():
            kept = POSTGRES  # of a version that had no other
        else:
            kept = wanted or POSTGRES
        if wanted not in {"", kept}:
            raise OtherBus(folder=str(self.path), kept=kept, wanted=wanted)
        _write_private(path, kept.encode())
        return kept

    def secret(self, name: str, ids: Ids) -> str:
        """A secret of this installation; minted at first use, the same from then on."""
        path = self.path / "secrets" / name
        make_folder(path.parent, 0o700)
        if not path.exists():
            _write_private(path, ids.new_secret().encode())
        return path.read_text()

    def service_key(self, ids: Ids) -> str:
        """The private key that all services of this installation share: base64 of 32 bytes."""
        return key_of(self.secret("service_key", ids))

    def existing_service_key(self) -> str:
        """The same, '' where no stack has ever run."""
        path = self.path / "secrets" / "service_key"
        return key_of(path.read_text()) if path.exists() else ""

    def ports(
        self, names: list[str], free_port: Callable[[], int], is_free: Callable[[int], bool]
    ) -> Mapping[str, int]:
        """A port for each name: the one of last time where it is still free, so that links that people kept work."""
        path = self.path / "ports.json"
        try:
            known = msgspec.json.decode(path.read_bytes(), type=dict[str, int])
        except (FileNotFoundError, msgspec.DecodeError):
            known = {}
        ports = {name: known[name] if name in known and is_free(known[name]) else free_port() for name in names}
        _write_private(path, msgspec.json.encode(ports))
        return ports


def _write_private(path: Path, content: bytes) -> None:
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    fresh.replace(path)


def make_temp_folder(ids: Ids) -> Path:
    """A new folder that the embedded servers can reach whoever they run as; the caller removes it."""
    return make_folder(reachable_temp_folder(unprivileged_account()) / ids.new_id("balcon"), 0o755)


def remove_temp_folder(path: Path) -> None:
    """Removes what make_temp_folder made."""
    shutil.rmtree(path, ignore_errors=True)


async def stop_stack(folder: DataFolder, timeout_seconds: float) -> int:
    """SIGTERM to the stack's console, then waits until it has let its folder go; returns its pid."""
    clock = SystemClock()
    record = folder.read_record()
    os.kill(record.pid, signal.SIGTERM)
    deadline = clock.monotonic() + timeout_seconds
    while folder.locked:
        if clock.monotonic() > deadline:
            raise StackRuns(folder=str(folder.path), pid=record.pid, waited_seconds=timeout_seconds)
        await clock.sleep(0.1)
    return record.pid
