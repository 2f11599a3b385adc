"""What an answer over HTTP means, when it is tried again, and what of it the ledger may keep: arithmetic and words."""

from __future__ import annotations

import time

import pytest

from services.runtime.ids import RandomIds, seeded_random
from services.runtime.outbound.answers import LONGEST_RETRY_AFTER_MS, outcome_of, retry_after_ms, word_of
from services.runtime.outbound.masking import KEPT_CHARACTERS, masked
from services.runtime.outbound.port import Done, Later, Locked, Settled
from services.runtime.outbound.retrying import CLOSED, RetryLimits, after_fault, wait_ms

NOW_MS = 1_800_000_000_000  # Fri, 15 Jan 2027 08:00:00 GMT
LIMITS = RetryLimits()


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (200, "delivered"), (204, "delivered"), (301, "later"), (400, "refused"), (401, "locked"), (403, "locked"),
        (404, "refused"), (408, "later"), (410, "refused"), (425, "later"), (429, "later"), (500, "later"),
        (503, "later"), (0, "later"),
    ],
)  # fmt: skip
def test_each_status_is_classed(status: int, word: str) -> None:
    assert word_of(outcome_of(status, "note")) == word


def test_where_a_bare_403_asks_for_rest_an_adapter_says_so() -> None:
    assert outcome_of(403, "", locks=frozenset({401})) == Done(Settled.REFUSED)
    assert outcome_of(404, "", locks=frozenset({404})) == Locked("")


def test_silence_is_uncertain_only_where_something_was_sent() -> None:
    assert outcome_of(0, "") == Later("", is_uncertain=True)
    assert outcome_of(0, "", was_sent=False) == Later("")


@pytest.mark.parametrize(
    ("asked", "wait_ms_"),
    [
        ("120", 120_000),
        ("0", 0),
        ("Fri, 15 Jan 2027 08:01:30 GMT", 90_000),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0),
        ("999999999999999999", LONGEST_RETRY_AFTER_MS),
        ("Fri, 15 Jan 2038 08:00:00 GMT", LONGEST_RETRY_AFTER_MS),
        ("-5", 0),
        ("soon", 0),
        ("", 0),
    ],
)
def test_retry_after_is_read_in_both_of_its_forms_and_bounded(asked: str, wait_ms_: int) -> None:
    assert retry_after_ms({"retry-after": asked}, NOW_MS) == wait_ms_


def test_waits_grow_to_a_cap_with_full_jitter() -> None:
    longest = [wait_ms(tries, asked_ms=0, limits=LIMITS, chance=lambda: 1.0) for tries in range(1, 14)]
    assert longest[:3] == [2_000, 4_000, 8_000]
    assert longest[-1] == LIMITS.longest_wait_ms == max(longest)
    assert wait_ms(5, asked_ms=0, limits=LIMITS, chance=lambda: 0.0) == 0
    assert wait_ms(1, asked_ms=30_000, limits=LIMITS, chance=lambda: 0.0) == 30_000


def test_a_target_rests_after_so_many_faults_in_a_row_and_longer_each_time() -> None:
    chance = seeded_random(1).random
    health, rests = CLOSED, []
    for count in range(1, 20):
        health = after_fault(health, now_ms=NOW_MS, asked_ms=0, limits=LIMITS, chance=chance)
        assert health.is_half_open(LIMITS) == (count >= LIMITS.open_after)
        rests.append(max(health.rests_until_ms - NOW_MS, 0))
    assert rests[: LIMITS.open_after - 1] == [0] * (LIMITS.open_after - 1)
    assert LIMITS.first_rest_ms / 2 <= rests[LIMITS.open_after - 1] <= LIMITS.first_rest_ms
    assert LIMITS.longest_rest_ms / 2 <= rests[-1] <= LIMITS.longest_rest_ms
    assert health.resting_since_ms == NOW_MS


def test_what_a_target_asks_for_counts_at_the_first_time() -> None:
    health = after_fault(CLOSED, now_ms=NOW_MS, asked_ms=60_000, limits=LIMITS, chance=lambda: 0.5)
    assert (health.resting_since_ms, health.rests_until_ms) == (NOW_MS, NOW_MS + 60_000)


@pytest.mark.parametrize(
    "said",
    [
        '{"error": "no such member ada@example.org"}',
        "unknown email=ada%40example.org&token=abc",
        '{"email": "ada", "detail": "no"}',
        '{"phone_number": "0612345678"}',
        '{"FNAME": "ada"}',
        "call +31 6 1234 5678 or 0612345678",
        "Authorization: Bearer sk_live_51Habcdefghijklmnop was refused: ada@example.org",
        "hash 0b4c1d2e3f405162738495a6b7c8d9eaf0b1c2d3e4f5061728394a5b6c7d8e9f of ada@example.org",
        "from 203.0.113.7, ada@example.org",
    ],
)
def test_nothing_personal_or_secret_of_an_answer_is_kept(said: str) -> None:
    kept = masked(said)
    for secret in ("ada", "12345678", "1234 5678", "sk_live", "0b4c1d2e", "203.0.113.7", "=abc"):
        assert secret not in kept


def test_our_own_ids_and_a_platforms_numbers_stay_readable() -> None:
    order_id = RandomIds().new_id("ord")
    said = f'{{"title": "No sales history", "order": "{order_id}", "id": "NL-00-000-0000000|00000"}}'
    assert masked(said) == said


@pytest.mark.parametrize(
    "piece", ["name.", "user-", "a.", "a-", "a/", "a1-", '"name', '"a":[', "name=", "a@", "1.1.", "+1 "]
)
def test_an_answer_made_to_be_slow_costs_no_more_than_others(piece: str) -> None:
    began = time.thread_time()
    masked(piece * 4_000)
    assert time.thread_time() - began < 0.25, "of the processor, which a busy machine takes from nobody"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ('{"errors":[{"field":"EMAIL","name":"Jan"}]}', '{"errors":[{"field":"EMAIL","name":"***"}]}'),
        ('{"detail":{"first-name": "Jan"}, "list":["a", {"user":["Jan","Els"]}]}', None),
        ("see next=https://shop.example/?email=jan&step=2", "see next=https://shop.example/?email=***&step=2"),
        ("state=a=token=b.c", "state=a=token=***"),
    ],
)
def test_what_is_in_something_else_is_masked_there(said: str, kept: str | None) -> None:
    told = masked(said)
    assert "Jan" not in told
    assert kept is None or told == kept


def test_a_secret_that_an_answer_repeats_is_masked_wherever_it_stands() -> None:
    assert masked(b"key s3cr3t-us6 is wrong", ["s3cr3t-us6"]) == "key *** is wrong"


def test_only_the_beginning_is_kept_on_one_line() -> None:
    kept = masked(b"<html>\n<body>\x00" + b"word " * 100_000)
    assert len(kept) == KEPT_CHARACTERS
    assert kept.startswith("<html> <body> word")
