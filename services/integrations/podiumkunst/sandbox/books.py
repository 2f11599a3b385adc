"""What the pretended platform knows: accounts, tokens, performances, what it was told, and every request."""

from __future__ import annotations

import base64
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from services.integrations.podiumkunst.sandbox.wire import Misbehaviour, Performance
from services.runtime.ids import Ids

_MOST_REQUESTS = 50_000


class Told(msgspec.Struct):
    """What one account last told about one performance, each part as it came."""

    tickets: dict[str, Any] | None = None
    reservations: dict[str, Any] | None = None
    blocked: dict[str, Any] | None = None
    capacity: dict[str, Any] | None = None
    updated_ms: int = 0


class Account(msgspec.Struct):
    """Of a theatre at the platform."""

    client_secret: str
    performances: dict[str, Performance] = {}
    told: dict[str, Told] = {}


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the log; never a secret."""

    at_ms: int
    client_id: str
    method: str
    path: str
    body: str
    status: int


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()


class Books:
    """Kept in memory, and in a file when one is named."""

    def __init__(self, data_path: str, token_seconds: float, ids: Ids) -> None:
        self._ids = ids
        self._path = Path(data_path) if data_path else None
        self._token_ms = int(token_seconds * 1000)
        self._tokens: dict[str, tuple[str, int]] = {}
        self.accounts: dict[str, Account] = {}
        self.misbehaving: dict[str, Misbehaviour] = {}
        self.requests: deque[Request] = deque(maxlen=_MOST_REQUESTS)
        if self._path is not None and self._path.exists():
            self.accounts = msgspec.json.decode(self._path.read_bytes(), type=dict[str, Account])

    def save(self) -> None:
        """Called after each change."""
        if self._path is None:
            return
        beside = self._path.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode(self.accounts))
        beside.replace(self._path)

    def issue(self, client_id: str, now_ms: int) -> tuple[str, int]:
        """A new token that looks like a JWT, and its seconds."""
        ends_at_ms = now_ms + self._token_ms
        claims = {"sub": client_id, "exp": ends_at_ms // 1000, "jti": self._ids.new_id("jti")}
        token = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}.{self._ids.new_secret()}"
        self._tokens[token] = (client_id, ends_at_ms)
        return token, self._token_ms // 1000

    def bearer(self, token: str) -> str:
        """Whose token it is or was, '' if nobody's: for the log."""
        return self._tokens.get(token, ("", 0))[0]

    def is_good(self, token: str, now_ms: int) -> bool:
        """It was issued here and has not ended."""
        known = self._tokens.get(token)
        return known is not None and now_ms < known[1]

    def forget_tokens(self, client_id: str) -> None:
        """An account that was withdrawn is out at once."""
        self._tokens = {token: owner for token, owner in self._tokens.items() if owner[0] != client_id}

    def misbehaviour(self, client_id: str, path: str) -> str:
        """What this call is answered with instead of the truth, '' for the truth; counts it."""
        planned = self.misbehaving.get(client_id)
        if planned is None or not planned.how or not path.startswith(planned.path):
            return ""
        if planned.times == 1:
            del self.misbehaving[client_id]
        elif planned.times > 1:
            self.misbehaving[client_id] = msgspec.structs.replace(planned, times=planned.times - 1)
        return planned.how

    def told(self, client_id: str, number: str) -> Told:
        """To be changed in place."""
        return self.accounts[client_id].told.setdefault(number, Told())
