"""What makes tokens void before their time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Revocation:
    """Tokens of a subject or a session, or by a signing key, that were signed until then (unix ms) are void."""

    name: str
    until_ms: int
