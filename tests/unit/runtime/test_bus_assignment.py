"""Shares of partitions among members, and keys' partitions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.runtime.bus.assignment import fair_share, partition_of

names = st.text("abcdef", min_size=1, max_size=4)


@given(st.sets(names, min_size=1, max_size=8), st.integers(1, 16), st.integers(1, 4))
def test_every_partition_has_one_owner_and_shares_differ_by_at_most_one(
    members: set[str], partitions: int, topics: int
) -> None:
    subscribed = [f"t{n}" for n in range(topics)]
    places = [(topic, number) for topic in subscribed for number in range(partitions)]
    owners = fair_share(dict.fromkeys(members, subscribed), places)
    assert owners.keys() == set(places)
    loads = [list(owners.values()).count(member) for member in members]
    assert max(loads) - min(loads) <= 1


@given(st.dictionaries(names, st.sets(st.sampled_from(["t0", "t1", "t2"])), max_size=6))
def test_a_member_gets_only_topics_it_subscribed_to(members: dict[str, set[str]]) -> None:
    owners = fair_share(members, [(topic, number) for topic in ("t0", "t1", "t2") for number in range(3)])
    assert all(topic in members[owner] for (topic, _), owner in owners.items())
    assert {topic for topic, _ in owners} == {topic for topics in members.values() for topic in topics}


@given(st.permutations(["a", "b", "c"]), st.permutations([("t", 0), ("t", 1), ("u", 0)]))
def test_all_members_compute_the_same_shares(members: list[str], places: list[tuple[str, int]]) -> None:
    expected = {("t", 0): "a", ("t", 1): "b", ("u", 0): "c"}
    assert fair_share({member: ["t", "u"] for member in members}, places) == expected


@given(st.text(), st.integers(1, 256))
def test_a_key_has_one_partition_within_range(key: str, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions
    assert partition_of(key, partitions) == partition_of(key, partitions)


def test_the_partition_of_a_key_never_changes_between_releases() -> None:
    assert [partition_of(f"performance_{n}", 8) for n in range(6)] == [4, 2, 0, 6, 5, 3]
