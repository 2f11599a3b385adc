"""Who is logged in from this account of the machine: session secrets by stack, readable by nobody else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from services.runtime.embedded.data_folder import make_folder
from services.runtime.errors import Fatal

_FILE: Final = "logins.json"


class NotLoggedIn(Fatal):
    """Nobody is logged in here: `balcon house login --email ...` first."""


class Login(msgspec.Struct, frozen=True):
    """A session with a stack and the house that was chosen with `balcon house use`. No password is in it."""

    email: str
    session_secret: str
    house_id: str = ""


def config_folder() -> Path:
    """$XDG_CONFIG_HOME/balcon, or ~/.config/balcon."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "balcon"


class Logins:
    """The file, by stack: one login each."""

    def __init__(self, folder: Path, stack: str) -> None:
        self._path = folder / _FILE
        self._stack = stack

    def read(self) -> Login:
        """The login with this stack (NotLoggedIn)."""
        login = self._all().get(self._stack)
        if login is None:
            raise NotLoggedIn(stack=self._stack)
        return login

    def exist(self) -> bool:
        """Whether somebody is logged in with this stack."""
        return self._stack in self._all()

    def write(self, login: Login) -> None:
        """Keeps a login in place of what was there."""
        self._replace({**self._all(), self._stack: login})

    def forget(self) -> None:
        """Keeps none; nothing happens where there is none."""
        self._replace({stack: login for stack, login in self._all().items() if stack != self._stack})

    def _all(self) -> dict[str, Login]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Login])
        except FileNotFoundError:
            return {}

    def _replace(self, logins: dict[str, Login]) -> None:
        make_folder(self._path.parent, 0o700)
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        os.fchmod(descriptor, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(logins))
        fresh.replace(self._path)
