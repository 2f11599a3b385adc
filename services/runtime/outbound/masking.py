"""Takes what is secret or personal out of an outside system's answer, before the ledger keeps its beginning."""

from __future__ import annotations

import re
from collections.abc import Sequence

MASK = "***"
KEPT_CHARACTERS = 300
# Answers are cut before they are searched: no pattern meets a megabyte.
_LOOKED_AT = 4_000

# Values of fields that name a person or a secret, in JSON and in query strings. Each name is begun once and looked
# through once: whoever answers chooses the text, and must not choose what it costs us.
_NAMES = (
    r"(?=[\w.-]*?(?:name|mail|phone|address|token|secret|password|passwd|api_?key|birth|street|postal|zip|user))"
    r"[\w.-]++"
)
_FIELD = re.compile(rf'("{_NAMES}"\s*+:\s*+)(?:"(?:[^"\\]|\\.)*+"?|-?[\d.]+|\[[^\]]*+\]?)', re.IGNORECASE)
_PARAMETER = re.compile(rf"(?<![\w.-])({_NAMES}=)[^&\s\"'<>]++", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]+", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.+%-])[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w-])(?:\+|00)\d[\d ().-]{7,}\d|(?<![\w-])0\d[\d ]{7,11}\d(?![\w-])")
# Hashes and tokens: long, and with letters and digits in one piece. Ids of ours are none.
_OURS = r"(?![a-z]{2,5}_[0-9a-hjkmnp-tv-z]{26}\b)"
_LONG = r"(?=[A-Za-z0-9_=+/-]{28})"
_WITH_BOTH = r"(?=[\d_=+/.-]*+[A-Za-z])(?=[A-Za-z_=+/.-]*+\d)"
_TOKEN = re.compile(rf"\b{_OURS}{_LONG}{_WITH_BOTH}[A-Za-z0-9_=+/-]{{28,}}(?:\.[A-Za-z0-9_=+/-]+)*")
_INTERNET = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")


def masked(answer: bytes | str, secrets: Sequence[str] = ()) -> str:
    """The beginning of an answer for the ledger, on one line. `secrets`: what must not be in it wherever it stands."""
    text = answer if isinstance(answer, str) else answer[:_LOOKED_AT].decode("utf-8", "replace")
    text = text[:_LOOKED_AT]
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    text = _FIELD.sub(rf'\g<1>"{MASK}"', text)
    text = _PARAMETER.sub(rf"\g<1>{MASK}", text)
    for pattern in (_BEARER, _ADDRESS, _TOKEN, _PHONE, _INTERNET):
        text = pattern.sub(MASK, text)
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= KEPT_CHARACTERS else f"{text[: KEPT_CHARACTERS - 3]}..."
