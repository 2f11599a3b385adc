"""Passes that a ticket type may ask for (R2.12): what a right number looks like, and how a number is kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from services.contracts.bounds import MAX_NAME_CHARS, MAX_PASS_NUMBER_CHARS, MAX_SEATS_PER_HOLD
from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import refused_key

MAX_NUMBERS = 10_000

_PATTERN = re.compile(r"[A-Z0-9#@*]*")
_BETWEEN = re.compile(r"[\s.\-/]")
_PLAIN = re.compile(r"[A-Z0-9]+")
# As hexadecimal digits: half of SHA-256.
_KEY_CHARS = 32


class CheckDigits(Enum):
    """How a number tells that it was mistyped. Values are what the store keeps."""

    NONE = "none"
    LUHN = "luhn"
    MOD_97 = "mod_97"
    EAN_13 = "ean_13"


@dataclass(frozen=True, slots=True)
class PassKind:
    """A pass by name. Without a pattern any number of letters and digits; 0 uses is any number of them."""

    name: str
    pattern: str = ""
    check_digits: CheckDigits | None = CheckDigits.NONE
    listed: bool = False
    max_uses_per_performance: int = 0


def plain_number(typed: str) -> str:
    """The number in its one spelling: capitals, nothing between."""
    return _BETWEEN.sub("", typed).upper()


def pass_key(house_id: str, pass_kind_id: str, number: str) -> str:
    """What stands for a number wherever one is kept; each house and kind has keys of its own."""
    content = "\x00".join((house_id, pass_kind_id, number))
    return hashlib.sha256(content.encode()).hexdigest()[:_KEY_CHARS]


def looks_right(kind: PassKind, number: str) -> bool:
    """Whether a plain number has the kind's shape and right check digits."""
    if not _PLAIN.fullmatch(number) or len(number) > MAX_PASS_NUMBER_CHARS:
        return False
    return _has_shape(kind.pattern, number) and _checks(kind.check_digits or CheckDigits.NONE, number)


def _has_shape(pattern: str, number: str) -> bool:
    if not pattern:
        return True
    return len(pattern) == len(number) and all(_fits(*pair) for pair in zip(pattern, number, strict=True))


def _fits(place: str, character: str) -> bool:
    match place:
        case "#":
            return character.isdigit()
        case "@":
            return not character.isdigit()
        case "*":
            return True
        case _:
            return place == character


def _checks(rule: CheckDigits, number: str) -> bool:
    match rule:
        case CheckDigits.NONE:
            return True
        case CheckDigits.LUHN:
            return number.isdigit() and _luhn(number) % 10 == 0
        case CheckDigits.MOD_97:
            # ISO 7064 MOD 97-10, letters as in ISO 13616: A is 10.
            return int("".join(str(int(character, 36)) for character in number)) % 97 == 1
        case CheckDigits.EAN_13:
            digits = [int(character) for character in number] if number.isdigit() else []
            return len(digits) == 13 and (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10 == 0
        case _:
            assert_never(rule)


def _luhn(number: str) -> int:
    doubled = [2 * int(digit) if place % 2 else int(digit) for place, digit in enumerate(reversed(number))]
    return sum(value - 9 if value > 9 else value for value in doubled)


def refused_pass_kind(pass_kind_id: str, kind: PassKind) -> FieldInvalid | None:
    """All that is wrong with a kind of pass, None if nothing is."""
    return refused_fields(_faults(pass_kind_id, kind))


def _faults(pass_kind_id: str, kind: PassKind) -> Iterator[FieldInvalid | None]:
    field = "pass_kind"
    yield refused_key(f"{field}.pass_kind_id", pass_kind_id)
    yield refused_text(f"{field}.name", kind.name, at_most=MAX_NAME_CHARS)
    if len(kind.pattern) > MAX_PASS_NUMBER_CHARS or not _PATTERN.fullmatch(kind.pattern):
        problem = f"has {len(kind.pattern):,} characters, or others than these"
        limit = f"at most {MAX_PASS_NUMBER_CHARS} of A-Z, 0-9, # for a digit, @ for a letter, * for either"
        yield FieldInvalid(f"{field}.pattern", problem, limit)
    if kind.check_digits is None:
        yield FieldInvalid(f"{field}.check_digits", UNSET, ", ".join(rule.value for rule in CheckDigits))
    if not 0 <= kind.max_uses_per_performance <= MAX_SEATS_PER_HOLD:
        problem = f"is {kind.max_uses_per_performance:,}"
        yield FieldInvalid(f"{field}.max_uses_per_performance", problem, f"0 to {MAX_SEATS_PER_HOLD}; 0 is no bound")


def refused_numbers(pass_kind_id: str, numbers: Sequence[str], most: int = MAX_NUMBERS) -> FieldInvalid | None:
    """All that is wrong with numbers as a list; whether each is right, the kind says."""
    checks: list[FieldInvalid | None] = [refused_key("pass_kind_id", pass_kind_id)]
    if not 1 <= len(numbers) <= most:
        problem = f"has {len(numbers):,} numbers" if numbers else UNSET
        checks.append(FieldInvalid("numbers", problem, f"1 to {most:,}"))
    return refused_fields(checks)


def refused_wrong_numbers(kind: PassKind, numbers: Sequence[str]) -> FieldInvalid | None:
    """The refusal for numbers that the kind itself says are wrong, by their places: numbers are people's own."""
    return refused_fields(
        FieldInvalid(f"numbers[{place}]", "is no number of this kind", "pattern and check digits of the kind")
        for place, number in enumerate(numbers)
        if not looks_right(kind, plain_number(number))
    )
