"""How endpoints fare: who takes nothing for too long, or says that it is gone, is disabled, and its owners are told."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.acts import Act
from services.integrations.webhooks.domain.endpoint import Endpoint, EndpointState, disabled
from services.integrations.webhooks.ports.signing import Signing, Signings
from services.integrations.webhooks.ports.store import WebhooksStore
from services.runtime.clock import Clock

# What one process changes another one signs with so much later at most; a former secret counts for hours.
_KEPT_MS = 1_000
_MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class _Kept:
    signing: Signing
    until_ms: int


class EndpointWatch:
    """See ports.EndpointWatch. An endpoint is read once a second, however much goes to it."""

    def __init__(self, store: WebhooksStore, signings: Signings, clock: Clock, *, disable_after_ms: int) -> None:
        self._store = store
        self._signings = signings
        self._clock = clock
        self._disable_after_ms = disable_after_ms
        self._kept: dict[tuple[str, str], _Kept] = {}

    async def signing(self, house_id: str, endpoint_id: str) -> Signing | None:
        """See ports.EndpointWatch."""
        now_ms, who = self._clock.now_ms(), (house_id, endpoint_id)
        kept = self._kept.get(who)
        if kept is None or kept.until_ms <= now_ms:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = await self._signings.signing(house_id, endpoint_id)
            # One that is told nothing is looked at each time: what waits for it would be dropped though it was enabled.
            if found is None or not found.endpoint.is_told:
                self._kept.pop(who, None)
                return found
            kept = self._kept[who] = _Kept(found, now_ms + _KEPT_MS)
        return kept.signing

    async def took(self, endpoint: Endpoint) -> None:
        """See ports.EndpointWatch. By what is known now: it may have failed something else since this was sent."""
        kept = self._kept.get((endpoint.house_id, endpoint.endpoint_id))
        if kept is None or kept.signing.endpoint.failing_since_ms:
            await self._mark(endpoint, 0)

    async def failed(self, endpoint: Endpoint) -> None:
        """See ports.EndpointWatch."""
        now_ms = self._clock.now_ms()
        if not endpoint.failing_since_ms:
            await self._mark(endpoint, now_ms)
        elif now_ms - endpoint.failing_since_ms >= self._disable_after_ms:
            await self._disable(endpoint, EndpointState.FAILING)

    async def gone(self, endpoint: Endpoint) -> None:
        """See ports.EndpointWatch."""
        await self._disable(endpoint, EndpointState.GONE)

    async def _mark(self, endpoint: Endpoint, failing_since_ms: int) -> None:
        await self._signings.mark(endpoint.house_id, endpoint.endpoint_id, failing_since_ms)
        self._forget(endpoint)

    async def _disable(self, endpoint: Endpoint, state: EndpointState) -> None:
        async with self._store.transaction(endpoint.house_id) as transaction:
            now = await transaction.endpoints.lock(endpoint.endpoint_id)
            # Somebody may have mended it, or named another address, since it was asked.
            if now is None or not now.is_told or now.revision != endpoint.revision:
                self._forget(endpoint)
                return
            if state is EndpointState.FAILING and not now.failing_since_ms:
                self._forget(endpoint)
                return
            after = disabled(now, state, transaction.now_ms)
            await transaction.endpoints.save(after)
            await transaction.tell_owners(after)
            act = Act("endpoint.disabled", "endpoint", endpoint.endpoint_id, facts={"why": state.value})
            transaction.record_act(act, by_nobody=True)
            await transaction.commit()
        self._forget(endpoint)

    def _forget(self, endpoint: Endpoint) -> None:
        self._kept.pop((endpoint.house_id, endpoint.endpoint_id), None)
