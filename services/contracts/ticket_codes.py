"""Ticket codes: what is printed as a QR, signed with Ed25519 so that a door can check it without asking anybody.

`B1:` + base45 of (key, ticket, performance, seat, signature) + `.`: at most 221 characters, a QR of 49 x 49 modules at
level M (version 8) at most. Nothing in it is personal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.runtime.errors import UNSET, FieldInvalid

# The 45 characters that a QR has a dense mode for (RFC 9285), in the order of their values.
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
# The format, so that other systems' codes are told from damaged ones of ours; the last character is never a space,
# which scanners and people cut off.
CODE_BEGINS: Final = "B1:"
_CODE_ENDS: Final = "."
MAX_CODE_CHARS: Final = 221
_SIGNATURE_BYTES: Final = 64
_KEY_BYTES: Final = 4
_TICKET_BYTES: Final = 16
# 217 characters of base45 are 144 bytes; key, ticket, signature and two lengths leave this for performance and seat.
_TEXT_BYTES: Final = 144 - _SIGNATURE_BYTES - _KEY_BYTES - _TICKET_BYTES - 2
# Of a performance's id in a code; those that the catalogue makes have 31.
MAX_PERFORMANCE_CHARS: Final = 44
# What is signed begins with this: a signature of anything else is none of a code.
_CONTEXT: Final = b"balcon ticket code 1\x00"
_TICKET_PREFIX: Final = "tkt_"
_CROCKFORD: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_ULID_CHARS: Final = 26


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What a code says. `seat_id` is empty where the code has no room for it."""

    key_id: str
    ticket_id: str
    performance_id: str
    seat_id: str = ""


@dataclass(frozen=True, slots=True)
class ForeignCode:
    """No code of ours: another system's, or something else."""


@dataclass(frozen=True, slots=True)
class DamagedCode:
    """It begins like ours and cannot be read."""


@dataclass(frozen=True, slots=True)
class UnknownKey:
    """It names a key that is not among those whose codes are good: withdrawn, over, or never ours."""

    key_id: str


@dataclass(frozen=True, slots=True)
class ForgedCode:
    """Its signature is not that of its key."""


CodeCheck = CodeFacts | ForeignCode | DamagedCode | UnknownKey | ForgedCode


def key_id_of(public: bytes) -> str:
    """The name that codes have for a public key."""
    return hashlib.sha256(public).hexdigest()[: 2 * _KEY_BYTES]


def signed_code(facts: CodeFacts, private: Ed25519PrivateKey) -> str:
    """The code's text. The seat is left out where it does not fit. ValueError for ids that no code has room for."""
    payload = _packed(facts)
    signature = private.sign(_CONTEXT + payload)
    return f"{CODE_BEGINS}{base45(payload + signature)}{_CODE_ENDS}"


def checked_code(text: str, keys: Mapping[str, Ed25519PublicKey]) -> CodeCheck:
    """What the code says if it is genuine, else why not. Whether its ticket is void yet is not in the code."""
    if not text.startswith(CODE_BEGINS):
        return ForeignCode()
    if len(text) > MAX_CODE_CHARS or not text.endswith(_CODE_ENDS):
        return DamagedCode()
    raw = base45_bytes(text[len(CODE_BEGINS) : -len(_CODE_ENDS)])
    if raw is None or len(raw) <= _SIGNATURE_BYTES:
        return DamagedCode()
    payload, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
    facts = _unpacked(payload)
    if facts is None:
        return DamagedCode()
    key = keys.get(facts.key_id)
    if key is None:
        return UnknownKey(facts.key_id)
    try:
        key.verify(signature, _CONTEXT + payload)
    except InvalidSignature:
        return ForgedCode()
    return facts


def fits_a_code(performance_id: str) -> bool:
    """Whether tickets of the performance can have codes."""
    return 1 <= len(performance_id) <= MAX_PERFORMANCE_CHARS and performance_id.isascii()


def base45(data: bytes) -> str:
    """RFC 9285: three characters for two bytes, two for a last one."""
    found = []
    for place in range(0, len(data) - 1, 2):
        rest, low = divmod(data[place] << 8 | data[place + 1], 45)
        high, middle = divmod(rest, 45)
        found.append(_ALPHABET[low] + _ALPHABET[middle] + _ALPHABET[high])
    if len(data) % 2:
        high, low = divmod(data[-1], 45)
        found.append(_ALPHABET[low] + _ALPHABET[high])
    return "".join(found)


def base45_bytes(text: str) -> bytes | None:
    """The bytes of the only text that base45 makes of them; None for every other."""
    try:
        values = [_VALUES[character] for character in text]
    except KeyError:
        return None
    if len(values) % 3 == 1:
        return None
    data = bytearray()
    whole = len(values) - len(values) % 3
    for place in range(0, whole, 3):
        low, middle, high = values[place : place + 3]
        value = low + 45 * middle + 2025 * high
        if value > 0xFFFF:
            return None
        data += value.to_bytes(2)
    if whole < len(values):
        value = values[whole] + 45 * values[whole + 1]
        if value > 0xFF:
            return None
        data.append(value)
    return bytes(data)


def _packed(facts: CodeFacts) -> bytes:
    performance = facts.performance_id.encode("ascii")
    if not fits_a_code(facts.performance_id):
        message = "the performance's id does not fit a code"
        raise ValueError(message)
    seat = facts.seat_id.encode()
    if len(performance) + len(seat) > _TEXT_BYTES:
        seat = b""
    return b"".join(
        (
            bytes.fromhex(facts.key_id),
            _ticket_bytes(facts.ticket_id),
            len(performance).to_bytes(1),
            performance,
            len(seat).to_bytes(1),
            seat,
        )
    )


def _unpacked(payload: bytes) -> CodeFacts | None:
    head = _KEY_BYTES + _TICKET_BYTES
    if len(payload) < head + 2:
        return None
    performance_ends = head + 1 + payload[head]
    if performance_ends >= len(payload) or len(payload) != performance_ends + 1 + payload[performance_ends]:
        return None
    try:
        performance, seat = (
            payload[head + 1 : performance_ends].decode("ascii"),
            payload[performance_ends + 1 :].decode(),
        )
    except UnicodeDecodeError:
        return None
    if not fits_a_code(performance):
        return None
    return CodeFacts(payload[:_KEY_BYTES].hex(), _ticket_id(payload[_KEY_BYTES:head]), performance, seat)


def _ticket_bytes(ticket_id: str) -> bytes:
    """A ticket's id is minted by us: its prefix and 26 characters of Crockford's alphabet, 128 bits."""
    letters = ticket_id.removeprefix(_TICKET_PREFIX)
    if len(letters) != _ULID_CHARS or not ticket_id.startswith(_TICKET_PREFIX):
        message = "no ticket's id"
        raise ValueError(message)
    value = 0
    for letter in letters:
        value = value << 5 | _CROCKFORD.index(letter)
    return value.to_bytes(_TICKET_BYTES)


def _ticket_id(raw: bytes) -> str:
    value = int.from_bytes(raw)
    letters = [_CROCKFORD[value >> 5 * place & 31] for place in reversed(range(_ULID_CHARS))]
    return _TICKET_PREFIX + "".join(letters)


def refused_ticket_code(field: str, code: str) -> FieldInvalid | None:
    """What is no code by its length. A code lets in: it is never repeated in what is said about it."""
    problem = None if 0 < len(code) <= MAX_CODE_CHARS else "is too long" if code else UNSET
    return None if problem is None else FieldInvalid(field, problem, f"1 to {MAX_CODE_CHARS} characters")
