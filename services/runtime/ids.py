"""The only door to randomness: identifiers, secrets and seeded choices."""

from __future__ import annotations

import random
import re
import secrets
import time
from collections.abc import Collection
from typing import Protocol

from services.runtime.errors import UNSET, FieldInvalid

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEYS = re.compile(r"(?:[A-Za-z0-9_-]{1,64} )*")


class Ids(Protocol):
    """Mints identifiers."""

    def new_id(self, prefix: str) -> str:
        """`prefix_` and 26 characters that sort by the time they were minted."""
        ...

    def new_secret(self) -> str:
        """32 URL-safe characters with 192 bits nobody can guess."""
        ...


_PAIRS = tuple(one + other for one in _ALPHABET for other in _ALPHABET)


def _encode(value: int, length: int) -> str:
    """So many letters, an even number: two at a time, since every refusal needs an id."""
    pairs = []
    for _ in range(length // 2):
        pairs.append(_PAIRS[value & 1_023])
        value >>= 10
    return "".join(reversed(pairs))


class RandomIds:
    """Identifiers from the machine's clock (48 bits of milliseconds) and its secure randomness (80 bits)."""

    def new_id(self, prefix: str) -> str:
        now_ms = time.time_ns() // 1_000_000
        return f"{prefix}_{_encode(now_ms, 10)}{_encode(secrets.randbits(80), 16)}"

    def new_secret(self) -> str:
        return secrets.token_urlsafe(24)


class SeededIds:
    """Identifiers that repeat for a seed: simulations and tests."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 (repeatable on purpose)
        self._count = 0

    def new_id(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_{_encode(self._count, 10)}{_encode(self._random.getrandbits(80), 16)}"

    def new_secret(self) -> str:
        """See Ids.new_secret, except that a seed guesses it."""
        return _encode(self._random.getrandbits(160), 32)


def seeded_random(seed: int) -> random.Random:
    """A source of choices that repeats for its seed; never for secrets."""
    return random.Random(seed)  # noqa: S311 (repeatable on purpose)


def are_keys(values: Collection[str]) -> bool:
    """Whether all of them are keys; one look at many, for messages that hold many."""
    joined = " ".join((*values, ""))
    return joined.count(" ") == len(values) and _KEYS.fullmatch(joined) is not None


def refused_key(field: str, value: str) -> FieldInvalid | None:
    """The refusal for a key or id from outside that is not 1 to 64 characters of [A-Za-z0-9_-], else None."""
    if _KEY.fullmatch(value):
        return None
    problem = "must be letters, digits, '_' or '-'" if value else UNSET
    return FieldInvalid(field=field, problem=problem, limit="1 to 64 characters")
