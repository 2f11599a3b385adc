"""A consent goes from asked to confirmed, and to withdrawn (R3.19): whatever is said in whatever order."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from services.customers.domain.answer import (
    Answer,
    ConsentSource,
    ConsentState,
    Given,
    Outcome,
    confirmed,
    given,
    merged_answer,
    withdrawn,
)

SAID = tuple(ConsentSource)
PROVEN = {ConsentSource.ACCOUNT, ConsentSource.LINK}


def yes(source: ConsentSource, version: int = 1, at_ms: int = 1) -> Given:
    return Given("cus_1", "cns_1", version, source, at_ms)


def standing(state: ConsentState, version: int = 1) -> Answer:
    return Answer("cus_1", "cns_1", state, version, ConsentSource.CHECKOUT, "", 1)


def state_of(outcome: Outcome, before: Answer | None = None) -> ConsentState | None:
    answer = outcome.answer or before
    return answer.state if answer else None


@dataclass(frozen=True)
class Yes:
    source: ConsentSource
    version: int
    asks: bool


@dataclass(frozen=True)
class No:
    source: ConsentSource


@dataclass(frozen=True)
class Opened:
    """The link of the mail that was sent for a version."""

    version: int


STEPS = st.lists(
    st.one_of(
        st.builds(Yes, st.sampled_from(SAID), st.integers(1, 3), st.booleans()),
        st.builds(No, st.sampled_from(SAID)),
        st.builds(Opened, st.integers(1, 3)),
    ),
    max_size=12,
)


@drawn(steps=STEPS)
def test_nothing_counts_that_the_person_has_not_said_and_proven_where_proof_is_asked(
    steps: list[Yes | No | Opened],
) -> None:
    now: Answer | None = None
    mailed: set[int] = set()
    proven: set[int] = set()
    for at_ms, step in enumerate(steps, start=1):
        before = now
        match step:
            case Yes(source, version, asks):
                outcome = given(now, yes(source, version, at_ms), asks_for_confirmation=asks)
                now = outcome.answer or now
                if outcome.needs_mail:
                    assert asks
                    mailed.add(version)
                elif outcome.answer is not None:
                    proven.add(version)
            case No(source):
                now = withdrawn(now, source, at_ms) or now
                assert now is None or now.state is ConsentState.WITHDRAWN
            case Opened(version) if version in mailed:
                now = confirmed(now, version, at_ms) or now
                proven.add(version)
            case Opened():
                continue
        if now is not None and now.counts:
            assert now.text_version in proven
        if before is not None and before.state is ConsentState.WITHDRAWN and now is not before:
            assert isinstance(step, Yes)
            assert step.source is not ConsentSource.UPLOAD
        if before is not None and before.counts and not isinstance(step, No):
            assert now is not None and now.counts, "a yes never takes a yes away"


@pytest.mark.parametrize("source", SAID)
def test_r3_19_where_a_mail_asks_a_consent_is_asked_first_but_by_who_has_just_opened_one(source: ConsentSource) -> None:
    outcome = given(None, yes(source), asks_for_confirmation=True)
    expected = ConsentState.CONFIRMED if source in PROVEN else ConsentState.ASKED
    assert (state_of(outcome), outcome.needs_mail) == (expected, source not in PROVEN)
    at_once = given(None, yes(source), asks_for_confirmation=False)
    assert (state_of(at_once), at_once.needs_mail) == (ConsentState.CONFIRMED, False)


@pytest.mark.parametrize("asks", [True, False])
def test_r3_19_an_upload_never_subscribes_who_has_taken_it_back(asks: bool) -> None:
    gone = standing(ConsentState.WITHDRAWN)
    assert given(gone, yes(ConsentSource.UPLOAD, 2), asks_for_confirmation=asks) == Outcome()
    assert given(gone, yes(ConsentSource.CHECKOUT), asks_for_confirmation=asks).answer is not None


def test_an_upload_confirms_nobody_who_was_asked_and_says_no_more_than_the_person_said() -> None:
    for state in (ConsentState.ASKED, ConsentState.CONFIRMED):
        assert given(standing(state), yes(ConsentSource.UPLOAD, 2), asks_for_confirmation=False) == Outcome()


def test_a_stranger_takes_no_confirmed_consent_away_by_ticking_a_newer_text() -> None:
    outcome = given(standing(ConsentState.CONFIRMED), yes(ConsentSource.CHECKOUT, 2), asks_for_confirmation=True)
    assert outcome == Outcome(None, needs_mail=True)
    after = confirmed(standing(ConsentState.CONFIRMED), 2, at_ms=9)
    assert after is not None
    assert (after.state, after.text_version) == (ConsentState.CONFIRMED, 2)


def test_a_link_from_before_a_no_confirms_nothing() -> None:
    assert confirmed(standing(ConsentState.WITHDRAWN), 1, at_ms=9) is None
    assert confirmed(None, 1, at_ms=9) is None
    assert confirmed(standing(ConsentState.CONFIRMED, 2), 1, at_ms=9) is None


def test_a_no_to_nothing_and_a_second_no_change_nothing() -> None:
    assert withdrawn(None, ConsentSource.ACCOUNT, 9) is None
    assert withdrawn(standing(ConsentState.WITHDRAWN), ConsentSource.ACCOUNT, 9) is None


@pytest.mark.parametrize(
    ("stays", "goes", "expected"),
    [
        (None, ConsentState.CONFIRMED, ConsentState.CONFIRMED),
        (ConsentState.CONFIRMED, ConsentState.WITHDRAWN, ConsentState.WITHDRAWN),
        (ConsentState.WITHDRAWN, ConsentState.CONFIRMED, None),
        (ConsentState.ASKED, ConsentState.CONFIRMED, ConsentState.CONFIRMED),
        (ConsentState.CONFIRMED, ConsentState.ASKED, None),
    ],
)
def test_of_two_records_a_no_is_the_stronger(
    stays: ConsentState | None, goes: ConsentState, expected: ConsentState | None
) -> None:
    after = merged_answer(standing(stays) if stays else None, standing(goes), "cus_2")
    assert (after.state if after else None) == expected
