"""One way to change things: what a mask takes over, and what is refused before anything is read."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.changes import etag_of, masked, refused_change, refused_etag, refused_mask
from services.runtime.errors import UNSET


@dataclass(frozen=True, slots=True)
class Thing:
    title: str
    size: int = 0
    words: tuple[str, ...] = ()


CHANGEABLE = frozenset({"title", "size", "words"})


def test_a_mask_takes_over_what_it_names_whole_and_nothing_else() -> None:
    before, wanted = Thing("a", 1, ("x", "y")), Thing("b", 0, ("z",))
    assert masked(before, wanted, ["title"]) == Thing("b", 1, ("x", "y"))
    assert masked(before, wanted, ["size", "words", "size"]) == Thing("a", 0, ("z",))
    assert masked(before, wanted, []) == before


def test_an_update_that_is_made_twice_finds_nothing_to_change() -> None:
    wanted = Thing("b")
    once = masked(Thing("a", 1), wanted, ["title"])
    assert masked(once, wanted, ["title"]) == once


def test_mask_and_etag_are_refused_together() -> None:
    refusal = refused_change("", ["title", "house_id", "a.b"], CHANGEABLE)
    assert refusal is not None
    assert [(fault.field, fault.problem) for fault in (refusal, *refusal.others)] == [
        ("update_mask", "has a.b, house_id"),
        ("etag", UNSET),
    ]
    assert refusal.limit == "some of size, title, words"
    assert refused_change('"1"', ["title"], CHANGEABLE) is None


def test_an_empty_mask_changes_nothing_and_is_refused() -> None:
    refusal = refused_mask([], CHANGEABLE)
    assert refusal is not None
    assert refusal.problem == UNSET


def test_only_the_etag_of_the_last_revision_is_taken() -> None:
    assert refused_etag("thing", etag_of(3), 3) is None
    for stale in (etag_of(2), etag_of(4), "3", ""):
        refused = refused_etag("thing", stale, 3)
        assert refused is not None
        assert refused.etag == '"3"'
