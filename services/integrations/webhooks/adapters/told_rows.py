"""What was told, and the dispatches that tell it: written by whoever puts something on its way."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.integrations.webhooks.adapters.endpoint_tables import told_events
from services.integrations.webhooks.domain.delivery import Notice
from services.runtime.outbound.port import Dispatch, Target

_ENCODER, _DECODER = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Notice)


# Keys of what only the latest is told of begin so; an event's id never does.
LATEST_PREFIX = "latest:"


def latest_key(notice: Notice) -> str:
    """By what it is about: the next one takes its place."""
    return f"{LATEST_PREFIX}{notice.type}:{notice.subject}"


def dispatch_of(notice: Notice, target: Target, now_ms: int, lives_ms: int, *, key: str = "") -> Dispatch:
    """In no order among others: one that an endpoint does not take must not keep back those after it."""
    return Dispatch(
        target=target,
        key=key or notice.event_id,
        kind=notice.type,
        body=_ENCODER.encode(notice),
        made_at_ms=now_ms,
        expires_at_ms=now_ms + lives_ms,
        about=notice.event_id,
    )


def notice_in(dispatch: Dispatch) -> Notice:
    """What a dispatch tells."""
    return _DECODER.decode(dispatch.body)


async def keep_told(connection: AsyncConnection, told: Sequence[tuple[str, Notice]], now_ms: int) -> None:
    """By house, for the log, and to be told again."""
    rows = [
        {
            "house_id": house_id,
            "event_id": notice.event_id,
            "type": notice.type,
            "source": notice.source,
            "subject": notice.subject,
            "at_ms": notice.at_ms,
            "sequence": notice.sequence,
            "payload": notice.payload,
            "created_at_ms": now_ms,
        }
        for house_id, notice in told
    ]
    if rows:
        await connection.execute(insert(told_events).on_conflict_do_nothing(), rows)


def told_notice(row: sa.Row[tuple[object, ...]]) -> Notice:
    """Of a row of all columns."""
    return Notice(row.event_id, row.type, row.source, row.subject, row.at_ms, row.sequence, bytes(row.payload))
