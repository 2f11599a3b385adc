"""Codes by time (RFC 6238): each once, a step early or late, and none from before."""

from __future__ import annotations

import dataclasses

import pyotp
import pytest

from services.accounts.domain.second_factor import (
    SecondFactor,
    enrolment_uri,
    plain_code,
    recovery_code,
    recovery_hash,
    secret_from,
    step_of,
)
from services.runtime.ids import SeededIds

NOW_MS = 1_800_000_000_000
FACTOR = SecondFactor("psn_1", secret_from("random"), True)
APP = pyotp.TOTP(FACTOR.secret)


@pytest.mark.parametrize(("seconds", "is_taken"), [(0, True), (-30, True), (30, True), (-61, False), (61, False)])
def test_a_code_is_good_a_step_early_and_a_step_late(seconds: int, is_taken: bool) -> None:
    assert (step_of(FACTOR, APP.at(NOW_MS // 1000 + seconds), NOW_MS) is not None) == is_taken


def test_a_code_is_not_taken_twice_nor_one_from_before() -> None:
    step = step_of(FACTOR, APP.at(NOW_MS // 1000), NOW_MS)
    assert step is not None
    used = dataclasses.replace(FACTOR, last_step=step)
    assert step_of(used, APP.at(NOW_MS // 1000), NOW_MS) is None
    assert step_of(used, APP.at(NOW_MS // 1000 - 30), NOW_MS) is None
    assert step_of(used, APP.at(NOW_MS // 1000 + 30), NOW_MS + 30_000) is not None


def test_what_is_no_code_is_none() -> None:
    assert [step_of(FACTOR, code, NOW_MS) for code in ("", "000000", "abcdef", "1" * 32, "\uff11" * 6)] == [None] * 5


def test_an_app_reads_the_secret_out_of_the_uri() -> None:
    uri = enrolment_uri(FACTOR.secret, "ada@theatre.example")
    read = pyotp.parse_uri(uri)
    assert isinstance(read, pyotp.TOTP)
    assert (read.secret, read.issuer, read.name) == (FACTOR.secret, "Balcon", "ada@theatre.example")


def test_a_recovery_code_is_the_same_however_it_is_typed() -> None:
    code = recovery_code(SeededIds(7).new_id("rec"))
    assert len(plain_code(code)) == 16
    typed = code.upper().replace("-", "  ")
    assert recovery_hash("psn_1", typed) == recovery_hash("psn_1", code) != recovery_hash("psn_2", code)
