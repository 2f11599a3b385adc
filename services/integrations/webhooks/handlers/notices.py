"""Writes to the owners of a house that an endpoint was disabled. By a fault in between twice, with one Message-ID."""

from __future__ import annotations

import hashlib
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from services.integrations.webhooks.domain.letters import disabled_letter
from services.integrations.webhooks.ports.owners import Owners
from services.integrations.webhooks.ports.store import WebhooksStore
from services.runtime.mail.faults import LetterRefused
from services.runtime.mail.post import Post


class NoticeHandler:
    """Run by the job queue, at least once for each time that an endpoint was disabled."""

    def __init__(self, store: WebhooksStore, owners: Owners, post: Post) -> None:
        self._store = store
        self._owners = owners
        self._post = post

    async def send(self, house_id: str, endpoint_id: str, disabled_at_ms: int) -> None:
        """Raises what the post raises (later, or never) and OwnersUnanswered. Nothing where it was mended meanwhile."""
        async with self._store.transaction(house_id) as transaction:
            endpoint = await transaction.endpoints.find(endpoint_id)
        if endpoint is None or endpoint.is_told or endpoint.disabled_at_ms != disabled_at_ms:
            return
        known = await self._owners.of_house(house_id)
        if known is None:
            return
        since_ms = endpoint.failing_since_ms or disabled_at_ms
        text = disabled_letter(
            endpoint,
            house=known.house,
            host=urlsplit(endpoint.wishes.url).hostname or "",
            language=known.language,
            since=f"{datetime.fromtimestamp(since_ms / 1000, ZoneInfo(known.time_zone)):%Y-%m-%d %H:%M}",
        )
        refused: LetterRefused | None = None
        for email in known.emails:
            whose = hashlib.sha256(email.encode()).hexdigest()[:12]
            try:
                await self._post.send(f"{endpoint_id}-{disabled_at_ms}-{whose}", email, text, known.language)
            except LetterRefused as error:
                # One owner's address that is refused keeps no other from being told.
                refused = error
        if refused is not None:
            raise refused
