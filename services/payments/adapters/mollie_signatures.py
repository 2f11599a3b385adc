"""HMAC-SHA256 signatures of Mollie's webhooks of the next generation. Compares in constant time; reads no body.

They carry no time: what is old is told from what is new by asking Mollie, never by what a webhook says.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence

from services.payments.ports import WebhookFlaw

_MAX_HEADER_CHARS = 1_024
_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")


def mollie_signature_flaw(header: str, body: bytes, secrets: Sequence[str]) -> WebhookFlaw | None:
    """None when one of the header's signatures is right for one of the secrets: a rotation sends several of them.

    `header` is `sha256=<hex>[, sha256=<hex>]`: a header that comes twice is joined so.
    """
    if not header:
        return WebhookFlaw.UNSIGNED
    given = [_SIGNATURE.fullmatch(part.strip()) for part in header.split(",")]
    if len(header) > _MAX_HEADER_CHARS or not all(given):
        return WebhookFlaw.MALFORMED_SIGNATURE
    wanted = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in secrets]
    matches = [hmac.compare_digest(one[1], other) for one in given if one is not None for other in wanted]
    return None if any(matches) else WebhookFlaw.WRONG_SIGNATURE
