"""Codes of vouchers: unguessable, readable aloud, with a last character that finds a slip of the pen. Pure."""

from __future__ import annotations

import hashlib
from typing import Final

from services.contracts.bounds import MAX_VOUCHER_CODE_CHARS

# Crockford's: no I, L, O, U. What people write for 0 and 1 is read as these.
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "\u2013": None})
_LETTERS: Final = 15  # of 5 bits each: 75 bits that nobody can guess
LENGTH: Final = _LETTERS + 1
TAIL: Final = 4


def code_of(secret: str) -> str:
    """The code that a secret of more bits stands for, without its dashes."""
    digest = int.from_bytes(hashlib.sha256(f"voucher:{secret}".encode()).digest())
    letters = "".join(ALPHABET[digest >> 5 * place & 31] for place in range(_LETTERS))
    return letters + _check(letters)


def _check(letters: str) -> str:
    """Luhn's sum over 32 letters: it finds one wrong letter and two neighbours that changed places."""
    total = 0
    for place, letter in enumerate(reversed(letters)):
        value = ALPHABET.index(letter) * (2 if place % 2 == 0 else 1)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]


def read_code(typed: str) -> str | None:
    """The code in what somebody typed; None: it is no code, or has a slip."""
    if len(typed) > MAX_VOUCHER_CODE_CHARS:
        return None
    code = typed.upper().translate(_READ_AS)
    if len(code) != LENGTH or any(letter not in ALPHABET for letter in code):
        return None
    return code if _check(code[:-1]) == code[-1] else None


def shown(code: str) -> str:
    """In groups of four, as it is printed and read aloud."""
    return "-".join(code[at : at + 4] for at in range(0, LENGTH, 4))


def hash_of(house_id: str, code: str) -> bytes:
    """What a code is found by; it tells nothing of the code."""
    return hashlib.sha256(f"balcon.voucher:{house_id}:{code}".encode()).digest()
