"""HMAC-SHA256 signatures over `t.rawbody`, as Stripe sends them. Compares in constant time; reads no body."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from services.payments.ports import WebhookFlaw

# Which of an account's secrets count at a time, in unix milliseconds: one that was replaced counts a while longer.
SecretsAt: TypeAlias = Callable[[int], Sequence[str]]

TOLERANCE_SECONDS = 300
MAX_HEADER_CHARS = 1_024

_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def signature_of(secret: str, timestamp: int, body: bytes) -> str:
    """Hex of the HMAC-SHA256 over `<timestamp>.<body>`."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def signature_flaw(header: str, body: bytes, secrets: Sequence[str], now_ms: int) -> WebhookFlaw | None:
    """None when one of the header's v1 values is right for one of the secrets (a rotation sends or keeps several).

    `header` is `t=<unix seconds>,v1=<hex>[,v1=<hex>]`; at most 300 s may lie between `t` and now, either way.
    """
    if not header:
        return WebhookFlaw.UNSIGNED
    pairs = [part.strip().partition("=") for part in header.split(",")]
    timestamps = [value for name, _, value in pairs if name == "t"]
    given = [value for name, _, value in pairs if name == "v1"]
    if len(header) > MAX_HEADER_CHARS or len(timestamps) != 1 or not given or not _TIMESTAMP.fullmatch(timestamps[0]):
        return WebhookFlaw.MALFORMED_SIGNATURE
    timestamp = int(timestamps[0])
    wanted = [signature_of(secret, timestamp, body).encode() for secret in secrets]
    matches = [hmac.compare_digest(one.encode(errors="replace"), other) for one in given for other in wanted]
    if not any(matches):
        return WebhookFlaw.WRONG_SIGNATURE
    # Only a sender who knows the secret learns that its clock is off.
    if abs(now_ms - timestamp * 1000) > TOLERANCE_SECONDS * 1000:
        return WebhookFlaw.STALE
    return None
