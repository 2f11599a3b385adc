"""What is sent for an event, how it is signed, and what an answer means. Pure: it sends nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 (what every secret begins with)
# Standard Webhooks asks for 24 to 64.
SECRET_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class Notice:
    """One event as it is told. `payload` is the body, byte for byte; `sequence` 0: it has none."""

    event_id: str
    type: str
    source: str
    subject: str
    at_ms: int
    sequence: int
    payload: bytes

    @property
    def time(self) -> str:
        """When it happened, RFC 3339."""
        return time_of(self.at_ms)


def notice_of(event_id: str, kind: str, source: str, subject: str, *, at_ms: int, sequence: int, data: str) -> Notice:
    """`data` is JSON. Where a receiver must order events it has the sequence of the source and the subject."""
    envelope = {"type": kind, "timestamp": time_of(at_ms), "source": source, "subject": subject, "sequence": sequence}
    payload = f'{json.dumps(envelope, ensure_ascii=False)[:-1]}, "data": {data}}}'
    return Notice(event_id, kind, source, subject, at_ms, sequence, payload.encode())


def time_of(at_ms: int) -> str:
    """RFC 3339 with milliseconds, in UTC."""
    time = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return time.replace("+00:00", "Z")


def secret_of(random: str) -> str:
    """The secret as a receiver's library takes it, out of 32 URL-safe characters that nobody can guess."""
    key = base64.urlsafe_b64decode(random)
    assert len(key) == SECRET_BYTES, "as long as the standard wants it"
    return SECRET_PREFIX + base64.b64encode(key).decode()


def signature(secret: str, event_id: str, timestamp: int, payload: bytes) -> str:
    """v1 of Standard Webhooks: HMAC-SHA256 over id, time and body."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = b"%s.%d.%s" % (event_id.encode(), timestamp, payload)
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers_of(notice: Notice, secrets: Sequence[str], now_ms: int) -> Mapping[str, str]:
    """Of one try: signed anew, so that the time is that of the try; and CloudEvents 1.0 in HTTP's binary mode."""
    timestamp = now_ms // 1000
    signatures = [signature(secret, notice.event_id, timestamp, notice.payload) for secret in secrets]
    headers = {
        "content-type": "application/json",
        "webhook-id": notice.event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
        "ce-specversion": "1.0",
        "ce-id": notice.event_id,
        "ce-source": notice.source,
        "ce-type": notice.type,
        "ce-time": notice.time,
        "ce-subject": notice.subject,
        "ce-partitionkey": notice.subject,
    }
    return headers | ({"ce-sequence": f"{notice.sequence:018}"} if notice.sequence else {})
