"""Guessing: counted by account and by address before anything is compared, and told exactly when to come again."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.adapters.argon2_passwords import Argon2Passwords
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.accounts.stage import NOBODY, PASSWORD, Accounts, running_accounts

EMAIL = "owner@genova.example"


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that argon2 was asked to compare."""
    seen: list[str] = []
    verified = Argon2Passwords._verified

    def noting(self: Argon2Passwords, password_hash: str, password: str) -> bool:
        seen.append(password)
        return verified(self, password_hash, password)

    monkeypatch.setattr(Argon2Passwords, "_verified", noting)
    return seen


async def test_a_log_in_guessed_a_thousand_times_is_compared_a_few_times(
    guarded: Accounts, clock: ShiftedClock, compared: list[str]
) -> None:
    await guarded.sign_up("genova")
    refused = []
    for hundred in range(10):
        guesses = (refusal(guarded.log_in(EMAIL, f"guess {hundred} {number}")) for number in range(100))
        refused += await asyncio.gather(*guesses)
    assert len(refused) == 1_000
    assert len(compared) == len([one for one in refused if one.reason == "LOG_IN_REFUSED"]) < 20
    last = refused[-1]
    assert (last.reason, last.code) == ("TOO_MANY_ATTEMPTS", grpc.StatusCode.RESOURCE_EXHAUSTED)
    # The right one is not even looked at ...
    too_soon = await refusal(guarded.log_in(EMAIL))
    assert too_soon.reason == "TOO_MANY_ATTEMPTS"
    assert PASSWORD not in compared
    # ... until the moment that was told.
    assert too_soon.retry_after_ms is not None
    clock.forward(seconds=too_soon.retry_after_ms / 1000)
    assert (await guarded.log_in(EMAIL)).session_secret


async def test_each_wait_is_longer_than_the_one_before(guarded: Accounts, clock: ShiftedClock) -> None:
    await guarded.sign_up("genova")
    waits = []
    for number in range(9):
        answer = await refusal(guarded.log_in(EMAIL, f"guess {number}"))
        if answer.reason == "TOO_MANY_ATTEMPTS":
            assert answer.retry_after_ms is not None
            clock.forward(seconds=answer.retry_after_ms / 1000)
            waits.append(answer.retry_after_ms)
            await refusal(guarded.log_in(EMAIL, f"guess again {number}"))
    assert len(waits) > 2
    assert waits == sorted(waits)
    assert waits[-1] > 2 * waits[0]


async def test_the_right_password_makes_the_count_begin_anew(guarded: Accounts) -> None:
    await guarded.sign_up("genova")
    for _ in range(3):
        for _ in range(4):
            assert (await refusal(guarded.log_in(EMAIL, "a wrong password"))).reason == "LOG_IN_REFUSED"
        await guarded.log_in(EMAIL)


async def test_an_address_that_tries_many_accounts_waits_too(database_url: DatabaseUrl) -> None:
    async with running_accounts(database_url("accounts"), guarded=True, free_guesses_by_address=3) as accounts:
        await accounts.sign_up("genova")
        answers = [await refusal(accounts.log_in(f"nobody{number}@genova.example")) for number in range(8)]
        assert [one.reason for one in answers[:3]] == ["LOG_IN_REFUSED"] * 3
        assert answers[-1].reason == "TOO_MANY_ATTEMPTS"
        assert (await refusal(accounts.log_in(EMAIL))).reason == "TOO_MANY_ATTEMPTS"
        # The browser that a service calls for is another one.
        other = (*accounts.as_service(), ("x-balcon-client-address", "192.0.2.7"))
        request = pb.LogInRequest(email=EMAIL, password=PASSWORD)
        assert (await accounts.stub.LogIn(request, metadata=other)).session_secret


async def test_nobody_but_a_service_says_which_address_it_is_for(database_url: DatabaseUrl) -> None:
    async with running_accounts(database_url("accounts"), guarded=True, free_guesses_by_address=1) as accounts:
        await accounts.sign_up("genova")
        answers = []
        for number in range(5):
            said = (
                *NOBODY,
                ("x-balcon-client-address", f"192.0.2.{number}"),
            )
            request = pb.LogInRequest(email=f"nobody{number}@genova.example", password=PASSWORD)
            answers.append(await refusal(accounts.stub.LogIn(request, metadata=said)))
        assert answers[-1].reason == "TOO_MANY_ATTEMPTS"


@pytest.mark.parametrize("email", [EMAIL, "nobody@genova.example"])
async def test_an_unknown_address_costs_the_work_of_a_known_one(
    guarded: Accounts, compared: list[str], email: str
) -> None:
    await guarded.sign_up("genova")
    await refusal(guarded.log_in(email, "a wrong password"))
    assert compared == ["a wrong password"]


async def test_a_password_is_hashed_anew_when_what_it_costs_has_changed(database_url: DatabaseUrl) -> None:
    url = database_url("accounts")
    async with running_accounts(url) as accounts:
        await accounts.sign_up("genova")
        [(before,)] = await accounts.rows("SELECT password_hash FROM people")
    async with running_accounts(url, password_time_cost=2) as accounts:
        await accounts.log_in(EMAIL)
        [(after,)] = await accounts.rows("SELECT password_hash FROM people")
        assert ("t=1" in before, "t=2" in after) == (True, True)
        await accounts.log_in(EMAIL)


async def test_the_event_loop_goes_on_while_passwords_are_hashed(database_url: DatabaseUrl) -> None:
    """A thousandfold cost in threads: other calls are answered before it ends."""
    costly: dict[str, Any] = {"password_time_cost": 60, "password_memory_kib": 8_192, "password_threads": 1}
    async with running_accounts(database_url("accounts"), **costly) as accounts:
        signing_up = asyncio.ensure_future(accounts.sign_up("genova"))
        await asyncio.sleep(0)  # noqa: TID251 (lets it begin)
        await accounts.stub.ListSigningKeys(pb.ListSigningKeysRequest())
        assert not signing_up.done()
        assert (await signing_up).house.label == "genova"


async def test_a_password_that_is_changed_while_it_is_compared_lets_nobody_in(
    guarded: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    await guarded.sign_up("genova")
    matches = Argon2Passwords.matches

    async def overtaken(self: Argon2Passwords, password_hash: str | None, password: str) -> bool:
        found = await matches(self, password_hash, password)
        await guarded.damage("UPDATE people SET password_hash = 'that of a new one'")
        return found

    monkeypatch.setattr(Argon2Passwords, "matches", overtaken)
    assert (await refusal(guarded.log_in(EMAIL))).reason == "LOG_IN_REFUSED"
    assert await guarded.rows("SELECT 1 FROM sessions") == []
