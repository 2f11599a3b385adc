"""Rules for text from strangers: names, labels, reasons, keys, addresses. Nothing here knows what it is for."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from services.contracts.bounds import MAX_EMAIL_CHARS, MAX_LANGUAGE_CHARS, MAX_URL_CHARS
from services.runtime.errors import UNSET, FieldInvalid

# Control characters, line separators, and halves of surrogate pairs: no store, log line or page wants them. What joins
# or spaces letters invisibly stays: names in Persian, Hindi and Japanese are written with it.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# The same but for the end of a line.
_FORBIDDEN_IN_LINES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# What pages and catalogues use of BCP 47: a language, its script, its region, in the spelling that it recommends.
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?")
# RFC 5321's shape without its exotica; whether it can be reached, only a mail shows.
_EMAIL = re.compile(r"[^\s@<>\",;:\\()\[\]]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]")
_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9_:.-]{1,128}")


def text_problem(value: str, at_least: int, at_most: int) -> str | None:
    """What is wrong with a text of `at_least` to `at_most` characters on one line, None if nothing is."""
    if len(value) > at_most:
        return f"has {len(value):,} characters"
    if len(value) < at_least:
        return "is empty" if not value else f"has {len(value)} characters"
    if not value.isprintable() and _FORBIDDEN.search(value):
        return "has control characters"
    return "is blank" if value and value.isspace() else None


def text_limit(at_least: int, at_most: int) -> str:
    """The bound as people read it."""
    return f"{at_least} to {at_most} characters on one line"


def refused_text(field: str, value: str, *, at_least: int = 1, at_most: int) -> FieldInvalid | None:
    """The refusal for a text of a request outside its bounds, else None. A protobuf text that is empty is not set."""
    problem = text_problem(value, at_least, at_most) if value or not at_least else UNSET
    return None if problem is None else FieldInvalid(field, problem, text_limit(at_least, at_most))


def refused_lines(field: str, value: str, *, at_most: int) -> FieldInvalid | None:
    """The refusal for a text of several lines, which may be empty, out of bounds, else None. Lines end with \\n."""
    problem = None
    if len(value) > at_most:
        problem = f"has {len(value):,} characters"
    elif _FORBIDDEN_IN_LINES.search(value):
        problem = "has control characters"
    elif value and value.isspace():
        problem = "is blank"
    return None if problem is None else FieldInvalid(field, problem, f"0 to {at_most:,} characters of plain text")


def as_lines(value: str) -> str:
    """A text of several lines as it is kept: browsers and Windows end lines with \\r\\n."""
    return value.replace("\r\n", "\n")


def refused_language(field: str, value: str) -> FieldInvalid | None:
    """The refusal for what is no BCP 47 tag of a language, perhaps with script and region, else None."""
    if _LANGUAGE.fullmatch(value):
        return None
    problem = f"{value[:MAX_LANGUAGE_CHARS]!r} is no language tag" if value else UNSET
    return FieldInvalid(field, problem, "a BCP 47 tag such as en, nb, de-AT, zh-Hant")


def refused_idempotency_key(value: str, field: str = "idempotency_key") -> FieldInvalid | None:
    """The refusal for a key of a request that is not 1 to 128 characters of [A-Za-z0-9_:.-], else None.

    Wider than an id's grammar (services.runtime.ids.refused_key): callers build keys out of their own ids, and
    `order:42.1` is a fine one. Whoever keeps such a key must hold 128 characters.
    """
    if _IDEMPOTENCY_KEY.fullmatch(value):
        return None
    problem = "must be letters, digits, '_', '-', ':' or '.'" if value else UNSET
    return FieldInvalid(field, problem, "1 to 128 characters")


def refused_email(field: str, value: str) -> FieldInvalid | None:
    """The refusal for what is no address that papers and tickets can be sent to, else None."""
    if len(value) <= MAX_EMAIL_CHARS and _EMAIL.fullmatch(value):
        return None
    problem = "is not an e-mail address" if value else UNSET
    return FieldInvalid(field, problem, f"name@domain, at most {MAX_EMAIL_CHARS} characters")


def refused_url(field: str, value: str) -> FieldInvalid | None:
    """The refusal for what is no absolute http or https address that a browser can be sent to, else None."""
    try:
        parts = urlsplit(value)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        good = False
    if good and len(value) <= MAX_URL_CHARS and value.isprintable() and not any(map(str.isspace, value)):
        return None
    problem = "must be an absolute URL" if value else UNSET
    return FieldInvalid(field, problem, f"http or https, 1 to {MAX_URL_CHARS:,} characters")
