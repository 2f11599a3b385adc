"""Hashing in threads: bounded, right about what it compares, and never on the event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from services.accounts.adapters.argon2_passwords import Argon2Passwords, HasherBusy, HasherLimits

CHEAP = HasherLimits(time_cost=1, memory_kib=8, threads=1, most_waiting=1)


async def test_a_password_matches_its_own_hash_only() -> None:
    passwords = Argon2Passwords(CHEAP)
    kept = await passwords.hashed("a long password")
    assert kept != await passwords.hashed("a long password")
    given = ("a long password", "A long password", "")
    assert [await passwords.matches(kept, one) for one in given] == [True, False, False]
    assert not await passwords.matches(None, "nobody")
    assert not await passwords.matches("no hash at all", "a long password")
    await passwords.close()


async def test_what_was_hashed_at_another_cost_is_outdated_and_still_matches() -> None:
    before, now = Argon2Passwords(CHEAP), Argon2Passwords(HasherLimits(2, 8, 1, 1))
    kept = await before.hashed("a long password")
    assert (before.is_outdated(kept), now.is_outdated(kept)) == (False, True)
    assert await now.matches(kept, "a long password")
    await before.close()
    await now.close()


async def test_who_finds_the_queue_full_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Argon2Passwords(CHEAP)
    may_go = threading.Event()
    verified = Argon2Passwords._verified

    def held(self: Argon2Passwords, password_hash: str, password: str) -> bool:
        may_go.wait()
        return verified(self, password_hash, password)

    monkeypatch.setattr(Argon2Passwords, "_verified", held)
    waiting = [asyncio.ensure_future(passwords.matches(None, "x")) for _ in range(2)]
    gone = asyncio.ensure_future(passwords.matches(None, "x"))
    with pytest.raises(HasherBusy):
        await gone
    # Who goes away leaves the thread at work, and so the room taken.
    waiting[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    with pytest.raises(HasherBusy):
        await passwords.matches(None, "x")
    may_go.set()
    assert await waiting[1] is False
    assert await passwords.matches(None, "x") is False
    await passwords.close()
