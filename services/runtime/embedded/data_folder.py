"""A server's data folder: made, locked for one server at a time, and checked for an account other than ours."""

from __future__ import annotations

import fcntl
import os
import pwd
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from services.runtime.errors import Fatal

_LOCK_POLL_SECONDS = 0.05


class FolderUnreachable(Fatal):
    """The server's account (never root) cannot enter `folder`: put `wanted` elsewhere, or run as an ordinary user."""


class FolderInUse(Fatal):
    """Another server runs on this data folder: stop it first."""


def default_data_dir() -> Path:
    """Where data lives unless told: /var/lib/balcon for root (`nobody` must get in), else below the home folder."""
    if os.geteuid() == 0:
        return Path("/var/lib/balcon")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "balcon"


@dataclass(frozen=True, slots=True)
class Account:
    """A user that a server runs as instead of root."""

    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """`nobody` when this process is root, else None: the server runs as whoever we are."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def first_unreachable(path: Path, account: Account) -> Path | None:
    """The outermost folder on the way to `path`, or it itself, that `account` may not enter; None when all are open."""
    resolved = path.resolve()
    for folder in [*reversed(resolved.parents), resolved]:
        if folder.exists() and not _may(folder, account, stat.S_IXOTH):
            return folder
    return None


def is_readable(path: Path, account: Account) -> bool:
    """Whether `account` may read the file or list the folder, given that it can get there."""
    return _may(path, account, stat.S_IROTH)


def _may(path: Path, account: Account, bit_for_others: int) -> bool:
    found = path.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & bit_for_others << 6)
    if found.st_gid == account.gid:
        return bool(found.st_mode & bit_for_others << 3)
    return bool(found.st_mode & bit_for_others)


def require_reachable(path: Path, account: Account) -> None:
    """Raises FolderUnreachable naming the folder that stops `account`."""
    blocking = first_unreachable(path, account)
    if blocking is not None:
        mode = f"{stat.S_IMODE(blocking.stat().st_mode):o}"
        raise FolderUnreachable(folder=str(blocking), mode=mode, wanted=str(path), account=account.name)


def make_folder(path: Path, mode: int) -> Path:
    """Makes `path` with `mode` and missing parents with 0755; what exists stays as it is. Returns it resolved."""
    path = path.expanduser().resolve()
    for parent in reversed(path.parents):
        if not parent.exists():
            parent.mkdir(exist_ok=True)
            parent.chmod(0o755)  # whatever the umask: another account may have to pass
    if not path.exists():
        path.mkdir(exist_ok=True)
        path.chmod(mode)
    return path


def let_others_pass(folder: Path) -> None:
    """Lets others through an empty folder (mkdtemp makes 0700), not read it; a folder with content stays as it is."""
    if not any(folder.iterdir()):
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o011)


def reachable_temp_folder(account: Account | None) -> Path:
    """The first of $TMPDIR, /tmp and /var/tmp that `account` can enter; the first there is for None."""
    candidates = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108 (mkdtemp inside, never fixed names)
    for candidate in candidates:
        if candidate.is_dir() and (account is None or first_unreachable(candidate, account) is None):
            return candidate.resolve()
    raise FolderUnreachable(folder=str(candidates[0]), account=account.name if account else "")


class FolderLock:
    """An flock on <folder>/lock that the server inherits: it lasts until the last of the server's processes is gone."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._descriptor: int | None = None

    def acquire(self, timeout_seconds: float = 5.0) -> int:
        """Takes the lock and returns what to pass on; waits for the workers of a dead server, not for a live one.

        Raises FolderInUse.
        """
        assert self._descriptor is None, "already held"
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
                if _is_alive(holder) or time.monotonic() > deadline:
                    os.close(descriptor)
                    raise FolderInUse(folder=str(self._path.parent), pid=holder) from error
                time.sleep(_LOCK_POLL_SECONDS)
            else:
                self._descriptor = descriptor
                return descriptor

    def hand_over(self, pid: int) -> None:
        """Notes whose lock it is now and lets go of our own copy."""
        assert self._descriptor is not None, "not held"
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{pid}\n".encode(), 0)
        self.release()

    def release(self) -> None:
        """Closes our copy, if any."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _is_alive(pid: str) -> bool:
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
