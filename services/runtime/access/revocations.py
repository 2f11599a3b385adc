"""Tokens that are void before their time: those of a subject, of one session or of a key, until a moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.runtime.access.tokens import LEEWAY_SECONDS, MAX_SECONDS, Token


@dataclass(frozen=True, slots=True)
class Revocation:
    """Tokens of a subject or a session, or signed with a key, that were issued until `until_ms`, unix milliseconds."""

    name: str
    until_ms: int


class Revocations:
    """What is known of them. A token lives for minutes, so what is older than that is forgotten."""

    def __init__(self) -> None:
        self.any = False
        self._until: dict[str, int] = {}

    def learn(self, revocations: Iterable[Revocation], now_ms: int) -> None:
        """Adds some, and forgets those that no living token can be older than."""
        for one in revocations:
            self._until[one.name] = max(one.until_ms, self._until.get(one.name, 0))
        oldest = now_ms - (MAX_SECONDS + LEEWAY_SECONDS) * 1000
        self._until = {name: until for name, until in self._until.items() if until > oldest}
        self.any = bool(self._until)

    def has(self, token: Token, key_id: str = "") -> bool:
        """Whether the token, signed with that key, is void."""
        until = self._until
        names = (token.principal.subject, token.session_id, key_id)
        return any(token.issued_at_ms <= until.get(name, -1) for name in names if name)
