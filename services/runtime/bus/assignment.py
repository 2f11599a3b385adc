"""Which member of a group reads which partition, and which partition a key belongs to. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping


def fair_share(
    members: Mapping[str, Collection[str]], partitions: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], str]:
    """Each (topic, partition) to one member that subscribed to the topic; every member computes the same answer.

    `members` maps a member to its topics. Shares differ by at most one among members with the same topics.
    """
    load = dict.fromkeys(sorted(members), 0)
    owners: dict[tuple[str, int], str] = {}
    for topic, partition in sorted(partitions):
        able = [member for member in load if topic in members[member]]
        if able:
            owner = min(able, key=lambda member: (load[member], member))
            load[owner] += 1
            owners[topic, partition] = owner
    return owners


def partition_of(key: str, partitions: int) -> int:
    """The partition of `key` among so many: the same on every machine and in every process."""
    return zlib.crc32(key.encode()) % partitions
