"""Secrets are minted from the machine's secure randomness, and from nothing that anybody could know."""

from __future__ import annotations

import random  # noqa: TID251 (what a secret must not come from)
import time

import pytest

from services.runtime.ids import RandomIds


def test_a_secret_follows_neither_from_the_time_nor_from_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_000_000_000)
    secrets = set()
    for _ in range(50):
        random.seed(1)
        secrets.add(RandomIds().new_secret())
    assert len(secrets) == 50
    assert all(len(secret) >= 32 for secret in secrets)
