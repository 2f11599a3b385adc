"""The names of a house's halls: bounded, and on one line."""

from __future__ import annotations

from services.catalogue.domain.hall import HallTerms, refused_hall


def test_names_are_bounded() -> None:
    assert refused_hall(HallTerms("Großer Saal")) is None
    assert refused_hall(HallTerms("")) is not None
    assert refused_hall(HallTerms("x" * 201)) is not None
    assert refused_hall(HallTerms("two\nlines")) is not None
