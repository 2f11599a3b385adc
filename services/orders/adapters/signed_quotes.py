"""Quotes as text signed with the deployment's secret (itsdangerous: HMAC over compressed JSON)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from itsdangerous import BadData, URLSafeSerializer

from services.orders.domain.quote import Quote


class _Json:
    """What itsdangerous asks of a serializer."""

    @staticmethod
    def dumps(quote: Any) -> str:
        return msgspec.json.encode(quote).decode()

    @staticmethod
    def loads(payload: str | bytes) -> Quote:
        return msgspec.json.decode(payload, type=Quote)


class SignedQuotes:
    """See Quotes. The first secret signs, all of them are believed: so the secret is changed without losing a quote."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._serializer = URLSafeSerializer(
            # Oldest first, as it wants them.
            list(reversed(secrets)),
            salt="balcon.orders.quote",
            serializer=_Json,
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )

    def signed(self, quote: Quote) -> str:
        return str(self._serializer.dumps(quote))

    def read(self, text: str) -> Quote | None:
        try:
            # The signature is looked at before anything is decompressed or read.
            quote: Quote = self._serializer.loads(text)
        except (BadData, msgspec.DecodeError):
            return None
        return quote
