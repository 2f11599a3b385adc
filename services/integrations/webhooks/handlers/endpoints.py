"""The endpoints of houses: named, changed, enabled again and archived by the house's people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from services.contracts.acts import Act
from services.contracts.changes import masked, refused_etag
from services.contracts.once import Asked, answer_once
from services.contracts.pages import AskedPage, token_after
from services.integrations.webhooks.domain.delivery import secret_of
from services.integrations.webhooks.domain.endpoint import (
    MAX_ENDPOINTS,
    ROTATION_MS,
    Endpoint,
    EndpointState,
    Wishes,
    archived,
    changed,
    enabled,
    refused_nothing,
)
from services.integrations.webhooks.domain.refusals import EndpointArchived, EndpointNotFound, TooManyEndpoints
from services.integrations.webhooks.handlers.targets import Targets
from services.integrations.webhooks.ports.store import WebhooksStore
from services.integrations.webhooks.ports.transaction import WebhooksTransaction
from services.runtime.errors import Refusal
from services.runtime.ids import Ids


@dataclass(frozen=True, slots=True)
class NewSecret:
    """An endpoint and its new secret, which is told this once."""

    endpoint: Endpoint
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class EndpointPage:
    """In the order in which they were made; `next_page_token` is empty on the last page."""

    endpoints: Sequence[Endpoint]
    next_page_token: str


class EndpointHandler:
    """Whoever has integrations.write changes something, whoever has integrations.read sees it."""

    def __init__(self, store: WebhooksStore, targets: Targets, ids: Ids) -> None:
        self._store = store
        self._targets = targets
        self._ids = ids

    async def create(self, asked: Asked[NewSecret], house_id: str, wishes: Wishes) -> bytes | Refusal:
        """Refusals: FieldInvalid (where it leads), TooManyEndpoints, IdempotencyKeyReused.

        `asked` keeps an answer without the secret: nothing that could be read later has it.
        """
        if refusal := await self._targets.refused("url", wishes.url):
            return refusal

        async def act(transaction: WebhooksTransaction) -> NewSecret | Refusal:
            if await transaction.endpoints.count() >= MAX_ENDPOINTS:
                return TooManyEndpoints(MAX_ENDPOINTS)
            endpoint = Endpoint(house_id, self._ids.new_id("whe"), wishes, transaction.now_ms)
            secret = secret_of(self._ids.new_secret())
            await transaction.endpoints.add(endpoint, secret)
            transaction.record_act(_act("endpoint.created", endpoint))
            return NewSecret(endpoint, secret)

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def update(
        self, house_id: str, endpoint_id: str, etag: str, wanted: Wishes, paths: frozenset[str]
    ) -> Endpoint | Refusal:
        """Refusals: FieldInvalid (where it leads), EndpointNotFound, EndpointArchived, EtagStale."""
        if "url" in paths and (refusal := await self._targets.refused("endpoint.url", wanted.url)):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            endpoint = await self._live(transaction, endpoint_id)
            if isinstance(endpoint, Refusal):
                return endpoint
            after = changed(endpoint, masked(endpoint.wishes, wanted, paths))
            if after == endpoint:
                return endpoint
            if refused := refused_etag("the endpoint", etag, endpoint.revision):
                return refused
            if refused_field := refused_nothing("endpoint.event_types", after.wishes):
                return refused_field
            await transaction.endpoints.save(after)
            if after.wishes.url != endpoint.wishes.url:
                await transaction.deliveries.mend(endpoint_id)
            names = ",".join(sorted(paths))
            transaction.record_act(Act("endpoint.changed", "endpoint", endpoint_id, facts={"fields": names}))
            await transaction.commit()
        return after

    async def archive(self, house_id: str, endpoint_id: str) -> Endpoint | Refusal:
        """Refusals: EndpointNotFound."""
        async with self._store.transaction(house_id) as transaction:
            endpoint = await transaction.endpoints.lock(endpoint_id)
            if endpoint is None:
                return EndpointNotFound(endpoint_id)
            after = archived(endpoint, transaction.now_ms)
            if after != endpoint:
                await transaction.endpoints.save(after)
                await transaction.deliveries.drop(endpoint_id, "the endpoint was archived")
                transaction.record_act(_act("endpoint.archived", after))
                await transaction.commit()
        return after

    async def enable(self, house_id: str, endpoint_id: str) -> Endpoint | Refusal:
        """What it missed is not sent by this. Refusals: EndpointNotFound, EndpointArchived."""
        async with self._store.transaction(house_id) as transaction:
            endpoint = await self._live(transaction, endpoint_id)
            if isinstance(endpoint, Refusal):
                return endpoint
            after = enabled(endpoint)
            if after != endpoint:
                await transaction.endpoints.save(after)
                await transaction.deliveries.mend(endpoint_id)
                transaction.record_act(_act("endpoint.enabled", after))
                await transaction.commit()
        return after

    async def rotate(self, asked: Asked[NewSecret], house_id: str, endpoint_id: str) -> bytes | Refusal:
        """A secret before the former one counts no more. Refusals: EndpointNotFound, EndpointArchived."""

        async def act(transaction: WebhooksTransaction) -> NewSecret | Refusal:
            endpoint = await self._live(transaction, endpoint_id)
            if isinstance(endpoint, Refusal):
                return endpoint
            after = replace(endpoint, former_secret_until_ms=transaction.now_ms + ROTATION_MS)
            secret = secret_of(self._ids.new_secret())
            await transaction.endpoints.rotate(after, secret)
            transaction.record_act(Act("endpoint.secret_rotated", "endpoint", endpoint_id))
            return NewSecret(after, secret)

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def get(self, house_id: str, endpoint_id: str) -> Endpoint | Refusal:
        """Refusals: EndpointNotFound."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.endpoints.find(endpoint_id) or EndpointNotFound(endpoint_id)

    async def page(self, house_id: str, asked: AskedPage, *, archived: bool) -> EndpointPage:
        """Of a house."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.endpoints.page(asked, archived=archived)
        page = found[: asked.size]
        token = ""
        if len(found) > asked.size:
            token = token_after(house_id, page[-1].endpoint_id, page[-1].created_at_ms)
        return EndpointPage(page, token)

    async def _live(self, transaction: WebhooksTransaction, endpoint_id: str) -> Endpoint | Refusal:
        endpoint = await transaction.endpoints.lock(endpoint_id)
        if endpoint is None:
            return EndpointNotFound(endpoint_id)
        return EndpointArchived(endpoint_id) if endpoint.state is EndpointState.ARCHIVED else endpoint


def _act(act: str, endpoint: Endpoint) -> Act:
    """Without the address: many put a secret into its path."""
    return Act(act, "endpoint", endpoint.endpoint_id)
