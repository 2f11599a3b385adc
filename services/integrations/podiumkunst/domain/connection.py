"""A house's connection with the DIP platform, and how the last look there ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields

# A house has one account there: the outbound base's name of it.
TARGET_ID: Final = "dip"
MAX_CREDENTIAL_CHARS: Final = 500
MAX_THEATRES: Final = 50
MAX_THEATRE_ID_CHARS: Final = 64
_TAIL_CHARS = 4
# Of a shorter one the tail would be too much of it.
_TAIL_OF_CHARS = 12


class LookAnswer(StrEnum):
    """How a look at the platform ended. Values are what stores keep."""

    TOLD = "told"
    LOCKED = "locked"
    REFUSED = "refused"
    SILENT = "silent"
    UNREADABLE = "unreadable"
    # Nothing was asked: the connection is off, or has no account yet.
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Look:
    """The last one. `told_at_ms` 0: it never told anything."""

    answer: LookAnswer
    note: str
    looked_at_ms: int
    told_at_ms: int


@dataclass(frozen=True, slots=True)
class Connection:
    """`has_secret`: it is kept sealed. No theatres: all that the account has."""

    house_id: str
    client_id: str = ""
    has_secret: bool = False
    secret_tail: str = ""
    theatre_ids: tuple[str, ...] = ()
    is_on: bool = False
    revision: int = 0
    look: Look | None = None

    @property
    def has_account(self) -> bool:
        """Whether both parts of the credential are there."""
        return bool(self.client_id) and self.has_secret


@dataclass(frozen=True, slots=True)
class ConnectionChange:
    """What is to be other than it is; None: as it is."""

    client_id: str | None = None
    client_secret: str | None = None
    theatre_ids: tuple[str, ...] | None = None
    is_on: bool | None = None


def tail_of(secret: str) -> str:
    """As much of a secret as its owner knows it by."""
    return secret[-_TAIL_CHARS:] if len(secret) >= _TAIL_OF_CHARS else ""


def refused_connection(change: ConnectionChange) -> FieldInvalid | None:
    """All that is wrong with a change by itself, else None."""
    ids = change.theatre_ids or ()
    return refused_fields(
        (
            _refused_credential("connection.client_id", change.client_id),
            _refused_credential("connection.client_secret", change.client_secret),
            *_refused_theatres(ids),
        )
    )


def refused_switch(connection: Connection) -> FieldInvalid | None:
    """A connection without an account cannot be on."""
    if not connection.is_on or connection.has_account:
        return None
    missing = [] if connection.client_id else ["connection.client_id"]
    missing += [] if connection.has_secret else ["connection.client_secret"]
    return refused_fields(FieldInvalid(one, UNSET, "the account, before the connection is on") for one in missing)


def _refused_credential(field: str, value: str | None) -> FieldInvalid | None:
    return None if value is None else refused_text(field, value, at_least=0, at_most=MAX_CREDENTIAL_CHARS)


def _refused_theatres(ids: Sequence[str]) -> list[FieldInvalid | None]:
    field = "connection.theatre_ids"
    found = [refused_text(f"{field}[{n}]", one, at_most=MAX_THEATRE_ID_CHARS) for n, one in enumerate(ids)]
    if len(ids) > MAX_THEATRES:
        found.append(FieldInvalid(field, f"has {len(ids)}", f"at most {MAX_THEATRES}"))
    if len(set(ids)) < len(ids):
        found.append(FieldInvalid(field, "has one twice", "each once"))
    return found
