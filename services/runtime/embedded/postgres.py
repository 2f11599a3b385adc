"""A PostgreSQL 18 server for one machine and for tests. Trusts who reaches 127.0.0.1: not for shared machines."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from pathlib import Path

from services.runtime.embedded.data_folder import (
    Account,
    let_others_pass,
    make_folder,
    require_reachable,
    unprivileged_account,
)
from services.runtime.embedded.folder_server import FolderServer
from services.runtime.embedded.ports import LOOPBACK
from services.runtime.embedded.postgres_binaries import postgres_programs
from services.runtime.errors import Fatal

MAX_CONNECTIONS = 200

OWNER = "postgres"
_DATABASE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_STATEMENT_SECONDS = 60.0
_INITDB_SECONDS = 120.0


class PostgresCommandFailed(Fatal):
    """A program of PostgreSQL failed."""


class EmbeddedPostgres(FolderServer):
    """Data lives in `data_dir`/pgdata. It stops fast: open transactions are rolled back.

    As root it runs as `nobody`, because PostgreSQL refuses root: `data_dir` must then be reachable for `nobody`.
    `fsync=False` is for tests that measure nothing and crash nothing.
    """

    stop_signal = signal.SIGINT
    # Not the folder: a server that writes while it is emptied leaves the folder, and in it nothing to start from.
    kept_name = "pgdata/PG_VERSION"

    def __init__(self, data_dir: Path, port: int | None = None, fsync: bool = True) -> None:
        super().__init__("postgres", data_dir, port)
        self._fsync = fsync
        self._account = unprivileged_account()
        self._programs: Path | None = None

    def url_for(self, database: str, role: str = OWNER) -> str:
        """postgresql+asyncpg:// URL of a database; create it first. Without a role: whoever may do everything."""
        return f"postgresql+asyncpg://{_checked(role)}@{LOOPBACK}:{self.port}/{_checked(database)}"

    def start(self, timeout_seconds: float = 60.0) -> None:
        """Initialises an empty folder, recovers a crashed one; returns when a query is answered.

        Raises FolderUnreachable, FolderInUse, DataVanished or ServerNotReady.
        """
        assert not self.running, "runs already"
        self.require_data()
        folder = make_folder(self.data_dir, 0o755)
        if self._account is not None:
            let_others_pass(folder)
            require_reachable(folder, self._account)
        self._programs = postgres_programs(self._account)
        self._launch(folder, lambda: self._prepare(folder), {"LC_ALL": "C"}, self._account)
        self._wait_until(self._answers, timeout_seconds)

    def create_database(self, name: str, template: str | None = None) -> bool:
        """Creates the database unless it is there, as a copy of `template`, which must be idle. True when new."""
        if self._query(f"SELECT 1 FROM pg_database WHERE datname = '{_checked(name)}'"):  # noqa: S608 (name is checked)
            return False
        self._query(f'CREATE DATABASE "{_checked(name)}" TEMPLATE "{_checked(template or "template1")}"')
        return True

    def rename_database(self, name: str, to: str) -> None:
        """Gives the database, to which nobody may be connected, another name."""
        self._query(f'ALTER DATABASE "{_checked(name)}" RENAME TO "{_checked(to)}"')

    def create_role(self, name: str) -> bool:
        """Creates a role that may log in and nothing else, unless it is there. True when new."""
        if self._query(f"SELECT 1 FROM pg_roles WHERE rolname = '{_checked(name)}'"):  # noqa: S608 (name is checked)
            return False
        self._query(f'CREATE ROLE "{_checked(name)}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS')
        return True

    def drop_database(self, name: str) -> None:
        """Drops the database if it is there and ends the connections to it."""
        self._query(f'DROP DATABASE IF EXISTS "{_checked(name)}" WITH (FORCE)')

    def _prepare(self, folder: Path) -> list[str]:
        self._initialise(folder)
        # We hold the lock, so its server is gone. After a crash the pid in this file may be another process's by now,
        # and PostgreSQL would refuse to start; its own check of shared memory stays.
        (folder / "pgdata" / "postmaster.pid").unlink(missing_ok=True)
        return [self._program("postgres"), "-D", str(folder / "pgdata"), *self._options()]

    def _program(self, name: str) -> str:
        assert self._programs is not None, "postgres was never started"
        return str(self._programs / name)

    def _options(self) -> list[str]:
        switch = "on" if self._fsync else "off"
        options = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",  # their paths have a limit of 107 bytes
            "max_connections": str(MAX_CONNECTIONS),
            "fsync": switch,
            "full_page_writes": switch,
            "timezone": "UTC",
            "log_timezone": "UTC",
            # A duplicate key's DETAIL and a failed statement's text may hold a buyer's address: never in logs.
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
        }
        return [text for name, value in options.items() for text in ("-c", f"{name}={value}")]

    def _initialise(self, folder: Path) -> None:
        if (folder / "pgdata").exists():
            return
        fresh = folder / "pgdata.new"  # renamed when whole: a crash half-way leaves nothing that looks like data
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        _give(fresh, self._account)
        command = [self._program("initdb"), "-D", str(fresh), "-U", OWNER, "--auth=trust", "--encoding=UTF8"]
        # The built-in C.UTF-8 sorts alike on every machine and survives an update of the C library.
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"]
        if not self._fsync:
            command.append("--no-sync")
        self._run(command, self._account, _INITDB_SECONDS)
        fresh.rename(folder / "pgdata")

    def _answers(self) -> bool:
        try:
            # The folder, because somebody else may have been faster on this port.
            return self._query("SHOW data_directory") == str(self.data_dir.expanduser().resolve() / "pgdata")
        except PostgresCommandFailed:
            return False

    def _query(self, statement: str) -> str:
        connection = ["-h", LOOPBACK, "-p", str(self.port), "-U", OWNER, "-d", "postgres"]
        options = ["-X", "-q", "-t", "-A", "-w", "-v", "ON_ERROR_STOP=1"]
        return self._run([self._program("psql"), *connection, *options, "-c", statement], None, _STATEMENT_SECONDS)

    def _run(self, command: list[str], account: Account | None, timeout_seconds: float) -> str:
        try:
            done = subprocess.run(
                command,
                check=True,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=timeout_seconds,
                cwd="/",
                env={"LC_ALL": "C", "PGCONNECT_TIMEOUT": "5"},  # no PG* variable of the caller's gets in
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        except subprocess.CalledProcessError as error:
            output = (error.stderr or error.stdout).strip()
            raise PostgresCommandFailed(program=Path(command[0]).name, output=output) from error
        except subprocess.TimeoutExpired as error:
            problem = f"no end within {timeout_seconds:g} seconds"
            raise PostgresCommandFailed(program=Path(command[0]).name, output=problem) from error
        return done.stdout.strip()


def _checked(name: str) -> str:
    if not _DATABASE_NAME.fullmatch(name):
        message = f"database or role name {name!r} must be 1 to 63 of a-z, 0-9 and _, not starting with a digit"
        raise ValueError(message)
    return name


def _give(path: Path, account: Account | None) -> None:
    if account is not None:
        shutil.chown(path, account.uid, account.gid)
