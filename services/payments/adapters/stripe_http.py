"""How Stripe's library speaks HTTP here: bounded in size, over few kept connections, telling nothing of us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx
import stripe

from services.payments.adapters.provider_calls import pooled_client

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024

# The library adds what machine it runs on and how long its calls take.
_NOT_TOLD = frozenset({"x-stripe-client-user-agent", "x-stripe-client-telemetry"})


class BoundedHttp(stripe.HTTPClient):
    """See stripe.HTTPClient; asynchronous only. Its faults are httpx's own; whoever asks bounds it in time."""

    name = "httpx"

    def __init__(self, timeout_seconds: float) -> None:
        super().__init__()
        self._http = pooled_client(timeout_seconds)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """See stripe.HTTPClient.request_async."""
        told = {name: value for name, value in headers.items() if name.lower() not in _NOT_TOLD}
        body = post_data.encode() if isinstance(post_data, str) else post_data
        async with self._http.stream(method, url, headers=told, content=body) as response:
            content = await _read(response)
        return content, response.status_code, response.headers

    async def close_async(self) -> None:
        """See stripe.HTTPClient.close_async."""
        await self._http.aclose()


async def _read(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            message = "AnswerTooLarge"
            raise httpx.RequestError(message)
    return bytes(content)
