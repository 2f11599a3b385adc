"""Endpoints in PostgreSQL, inside one transaction's connection. Secrets are kept sealed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import AskedPage
from services.integrations.webhooks.adapters.endpoint_tables import endpoints
from services.integrations.webhooks.domain.endpoint import Endpoint, EndpointState, Wishes
from services.integrations.webhooks.ports.signing import Signing
from services.runtime.seal import Seal

_IS_LIVE = endpoints.c.state != EndpointState.ARCHIVED.value
_COUNTING = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('endpoints of ' || :house_id, 0))")


class EndpointRows:
    """See Endpoints."""

    def __init__(self, connection: AsyncConnection, house_id: str, seal: Seal) -> None:
        self._connection = connection
        self._house_id = house_id
        self._seal = seal
        self._mine = endpoints.c.house_id == house_id

    async def find(self, endpoint_id: str) -> Endpoint | None:
        return await self._first(self._one(endpoint_id))

    async def lock(self, endpoint_id: str) -> Endpoint | None:
        return await self._first(self._one(endpoint_id).with_for_update())

    async def count(self) -> int:
        await self._connection.execute(_COUNTING, {"house_id": self._house_id})
        wanted = sa.select(sa.func.count()).select_from(endpoints).where(self._mine, _IS_LIVE)
        return int((await self._connection.execute(wanted)).scalar_one())

    async def page(self, asked: AskedPage, *, archived: bool) -> Sequence[Endpoint]:
        place = sa.tuple_(endpoints.c.created_at_ms, endpoints.c.endpoint_id)
        wanted = sa.select(endpoints).where(self._mine).order_by(place).limit(asked.size + 1)
        if not archived:
            wanted = wanted.where(_IS_LIVE)
        if asked.after is not None:
            wanted = wanted.where(place > sa.tuple_(sa.literal(asked.after.time_ms), sa.literal(asked.after.item_id)))
        return [endpoint_of(row) for row in await self._connection.execute(wanted)]

    async def add(self, endpoint: Endpoint, secret: str) -> None:
        values = _values(endpoint) | {"secret": self._sealed(secret)}
        await self._connection.execute(sa.insert(endpoints), values)

    async def save(self, endpoint: Endpoint) -> None:
        await self._connection.execute(self._update(endpoint).values(**_values(endpoint)))

    async def rotate(self, endpoint: Endpoint, secret: str) -> None:
        values = _values(endpoint) | {"secret": self._sealed(secret), "former_secret": endpoints.c.secret}
        await self._connection.execute(self._update(endpoint).values(**values))

    async def signing(self, endpoint_id: str, now_ms: int) -> Signing | None:
        """An endpoint with the secrets that count at the time."""
        row = (await self._connection.execute(self._one(endpoint_id))).first()
        if row is None:
            return None
        sealed = [row.secret]
        if row.former_secret is not None and row.former_secret_until_ms > now_ms:
            sealed.append(row.former_secret)
        return Signing(endpoint_of(row), [self._seal.opened(bytes(one)).decode() for one in sealed])

    async def mark(self, endpoint_id: str, failing_since_ms: int) -> None:
        """Notes that it fails since then, if it did not already; 0: that it does not."""
        is_news = endpoints.c.failing_since_ms == 0 if failing_since_ms else endpoints.c.failing_since_ms != 0
        mark = sa.update(endpoints).where(self._mine, endpoints.c.endpoint_id == endpoint_id, is_news)
        await self._connection.execute(mark.values(failing_since_ms=failing_since_ms))

    def _sealed(self, secret: str) -> bytes:
        return self._seal.sealed(secret.encode())

    def _one(self, endpoint_id: str) -> sa.Select[Any]:
        return sa.select(endpoints).where(self._mine, endpoints.c.endpoint_id == endpoint_id)

    def _update(self, endpoint: Endpoint) -> sa.Update:
        return sa.update(endpoints).where(self._mine, endpoints.c.endpoint_id == endpoint.endpoint_id)

    async def _first(self, wanted: sa.Select[Any]) -> Endpoint | None:
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else endpoint_of(row)


def endpoint_of(row: sa.Row[Any]) -> Endpoint:
    """Of a row of all columns."""
    return Endpoint(
        house_id=row.house_id,
        endpoint_id=row.endpoint_id,
        wishes=Wishes(
            url=row.url,
            description=row.description,
            event_types=tuple(row.event_types),
            topics=tuple(row.topics),
            performance_ids=tuple(row.performance_ids),
            production_ids=tuple(row.production_ids),
        ),
        created_at_ms=row.created_at_ms,
        state=EndpointState(row.state),
        disabled_at_ms=row.disabled_at_ms,
        failing_since_ms=row.failing_since_ms,
        former_secret_until_ms=row.former_secret_until_ms,
        revision=row.revision,
    )


def _values(endpoint: Endpoint) -> dict[str, Any]:
    wishes = endpoint.wishes
    return {
        "house_id": endpoint.house_id,
        "endpoint_id": endpoint.endpoint_id,
        "url": wishes.url,
        "description": wishes.description,
        "event_types": [*wishes.event_types],
        "topics": [*wishes.topics],
        "performance_ids": [*wishes.performance_ids],
        "production_ids": [*wishes.production_ids],
        "state": endpoint.state.value,
        "disabled_at_ms": endpoint.disabled_at_ms,
        "failing_since_ms": endpoint.failing_since_ms,
        "created_at_ms": endpoint.created_at_ms,
        "revision": endpoint.revision,
        "former_secret_until_ms": endpoint.former_secret_until_ms,
    }
