"""What the integration puts into the outbound queue: that there is something to do, never what. No person is in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from services.runtime.outbound.port import Dispatch, Target

# A house has one account, and so one target.
ACCOUNT: Final = "mailchimp"
MEMBERS: Final = "members"
COMPARE: Final = "compare"
WEBHOOK: Final = "webhook"


def target_of(house_id: str) -> Target:
    """The house's account."""
    return Target(house_id, ACCOUNT)


def members_due(house_id: str, list_id: str, shards: Sequence[int], now_ms: int) -> list[Dispatch]:
    """Somebody is due in these shards of an audience: they are looked up when their turn comes."""
    return [
        _dispatch(house_id, f"members:{list_id}:{shard}", MEMBERS, {"list_id": list_id, "shard": shard}, now_ms)
        for shard in shards
    ]


def webhook_due(house_id: str, list_id: str, now_ms: int) -> Dispatch:
    """The audience's webhook is to be as the house has chosen."""
    return _dispatch(house_id, f"webhook:{list_id}", WEBHOOK, {"list_id": list_id}, now_ms)


def comparison_due(house_id: str, list_id: str, *, since_ms: int, began_ms: int, offset: int) -> Dispatch:
    """One page of a comparison; `since_ms` 0: of a whole one."""
    body: dict[str, str | int] = {"list_id": list_id, "since_ms": since_ms, "began_ms": began_ms, "offset": offset}
    return _dispatch(house_id, f"compare:{list_id}", COMPARE, body, began_ms)


def _dispatch(house_id: str, key: str, kind: str, body: dict[str, str | int], now_ms: int) -> Dispatch:
    return Dispatch(
        target=target_of(house_id),
        key=key,
        kind=kind,
        body=json.dumps(body, sort_keys=True).encode(),
        made_at_ms=now_ms,
        # In its lane one of a kind goes after another, also where one is put while it is being carried.
        lane=key,
        about=key,
    )
