"""The sandbox's pay page, as a buyer's browser uses it, and its cards. The only module that knows either."""

from __future__ import annotations

import httpx

from services.console.sale.script import Ending
from services.runtime.clock import Clock
from services.runtime.kept_connections import KeptConnections

CARDS = {
    Ending.PAYS: "4242424242424242",
    Ending.DECLINED: "4000000000000002",
    Ending.TIMES_OUT: "4000000000000119",
    Ending.PAYS_LATE: "4000000000003220",
    Ending.SENDS_TWICE: "4000000000005126",
    Ending.OUT_OF_ORDER: "4000000000000259",
    Ending.SERVER_ERRORS: "4000000000000341",
    Ending.NO_WEBHOOK: "4000000000009995",
}
_TIMEOUT_SECONDS = 5.0
_TRIES = 4
_PAUSE_SECONDS = 0.5
# Browsers keep a few connections; a crowd in one process shares these.
_CONNECTIONS = 64


class PayPage:
    """`pay` submits the form once; whatever the page answers, the order tells how it ended."""

    def __init__(self, clock: Clock) -> None:
        kept = KeptConnections(most=_CONNECTIONS)
        self._client = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, transport=kept, trust_env=False)
        self._clock = clock

    async def pay(self, url: str, ending: Ending) -> bool:
        """Whether the page took the form. A page that cannot be reached is tried again a few times."""
        for _ in range(_TRIES):
            try:
                response = await self._client.post(url, data={"card": CARDS[ending]})
            except httpx.ConnectError:
                await self._clock.sleep(_PAUSE_SECONDS)
            except httpx.TransportError:
                return False
            else:
                return response.status_code < 500
        return False

    async def close(self) -> None:
        """Lets the connections go."""
        await self._client.aclose()
