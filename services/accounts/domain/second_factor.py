"""The second factor: codes by time (RFC 6238), each good once, and recovery codes for who has lost the device."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

import pyotp

ISSUER = "Balcon"
STEP_SECONDS = 30
# Clocks of phones are off: one step before and after counts too.
_STEPS_AROUND = 1
RECOVERY_CODES = 10
MAX_CODE_CHARS = 32


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """`last_step` is that of the last code that was taken: none of that step or before is taken again."""

    person_id: str
    secret: str
    is_confirmed: bool = False
    last_step: int = 0


def secret_from(random: str) -> str:
    """160 bits in base32, as apps want them, out of a random secret."""
    return base64.b32encode(hashlib.sha256(random.encode()).digest()[:20]).decode()


def enrolment_uri(secret: str, account: str) -> str:
    """otpauth://, which apps read as a picture. It is the secret itself."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=ISSUER)


def step_of(factor: SecondFactor, code: str, now_ms: int) -> int | None:
    """The step that the code is of, if it is right and no code of that step or a later one was taken; else None."""
    now = now_ms // 1000 // STEP_SECONDS
    digits = pyotp.TOTP(factor.secret)
    found, given = None, code.encode(errors="replace")
    # All are compared, whichever fits: how long it takes tells nothing.
    for step in range(now - _STEPS_AROUND, now + _STEPS_AROUND + 1):
        if hmac.compare_digest(digits.generate_otp(step).encode(), given) and step > factor.last_step:
            found = step
    return found


def plain_code(code: str) -> str:
    """As people type it: spaces, hyphens and upper case make no difference."""
    return code.replace(" ", "").replace("-", "").lower()


def recovery_code(random: str) -> str:
    """Four groups of four out of an id's 80 random bits."""
    letters = random[-16:]
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def recovery_hash(person_id: str, code: str) -> bytes:
    """SHA-256: the code has 80 random bits, and is only looked for among its person's own."""
    return hashlib.sha256(f"{person_id}:{plain_code(code)}".encode()).digest()
