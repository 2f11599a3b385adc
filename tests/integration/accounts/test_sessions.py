"""Logging in, sessions, and the tokens that they are good for."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from balcon.accounts.v1 import accounts_service_pb2 as pb
from sqlalchemy import text

from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.accounts.stage import PASSWORD, Accounts

OWNER = "owner@genova.example"


async def test_r3_4_one_login_gives_a_token_for_every_house(accounts: Accounts) -> None:
    made = await accounts.sign_up("genova")
    session = await accounts.log_in("OWNER@genova.example")
    claims = await accounts.claims(await accounts.token(session.session_secret))
    assert (claims["sub"], claims["knd"], claims["sid"]) == (made.person.person_id, "STAFF", session.session_id)
    assert claims["hss"] == {made.house.house_id: ["owner"]}
    assert 0 < claims["exp"] - claims["iat"] <= 600


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(accounts: Accounts) -> None:
    await accounts.sign_up("genova")
    wrong = await refusal(accounts.log_in("owner@genova.example", "another password"))
    unknown = await refusal(accounts.log_in("nobody@genova.example"))
    assert (wrong.reason, wrong.code) == ("LOG_IN_REFUSED", grpc.StatusCode.PERMISSION_DENIED)
    assert (unknown.reason, unknown.code, unknown.message, unknown.facts) == (
        wrong.reason,
        wrong.code,
        wrong.message,
        wrong.facts,
    )


async def test_of_a_session_secret_only_a_hash_is_kept(accounts: Accounts) -> None:
    await accounts.sign_up("genova")
    secret = (await accounts.log_in("owner@genova.example")).session_secret
    assert secret.startswith("bs_")
    dump = [row for (row,) in await accounts.rows("SELECT s::text FROM sessions s")]
    assert not [row for row in dump if secret in row or secret.removeprefix("bs_").encode().hex() in row]


async def test_a_session_that_was_logged_out_gives_no_token(accounts: Accounts) -> None:
    await accounts.sign_up("genova")
    session = await accounts.log_in("owner@genova.example")
    for _ in range(2):
        await accounts.stub.LogOut(pb.LogOutRequest(session_secret=session.session_secret))
    refused = await refusal(accounts.token(session.session_secret))
    assert (refused.reason, refused.code) == ("SESSION_OVER", grpc.StatusCode.NOT_FOUND)
    assert await accounts.rows("SELECT type, key FROM outbox WHERE topic = 'balcon.access.v1'") == [
        ("balcon.access.v1.AccessRevoked", session.person.person_id)
    ]


@pytest.mark.parametrize("how", ["log_out", "end", "new_password"])
async def test_a_token_of_the_moment_in_which_its_session_ends_is_void_too(guarded: Accounts, how: str) -> None:
    """Whoever has a stolen session and asks for tokens all the time gets one before the end is known."""
    accounts = guarded
    await accounts.sign_up("genova")
    session, mine = await accounts.log_in(OWNER), await accounts.signed_in(OWNER)
    calls: dict[str, Any] = {
        "log_out": lambda: accounts.stub.LogOut(pb.LogOutRequest(session_secret=session.session_secret)),
        "end": lambda: accounts.stub.EndSession(
            pb.EndSessionRequest(session_id=session.session_id), metadata=mine.metadata
        ),
        "new_password": lambda: accounts.stub.ChangePassword(
            pb.ChangePasswordRequest(
                password=PASSWORD, new_password="a new and long one", session_secret=mine.session_secret
            ),
            metadata=mine.metadata,
        ),
    }

    async def ended() -> None:
        await calls[how]()

    async def is_waiting() -> None:
        query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        assert await accounts.rows(query)

    async with accounts.engine.connect() as other:
        await other.execute(
            text("SELECT 1 FROM sessions WHERE session_id = :id FOR UPDATE"), {"id": session.session_id}
        )
        ending = asyncio.create_task(ended())
        await eventually(is_waiting)
        old = await accounts.claims(await accounts.token(session.session_secret))
        await other.rollback()
    await ending
    void = {one.name: one.until_ms for one in await accounts.revoked()}
    assert round(old["iat"] * 1000) <= max(void.get(old["sub"], 0), void.get(old["sid"], 0))
    kept = await accounts.claims(await accounts.token(mine.session_secret))
    assert round(kept["iat"] * 1000) > void.get(kept["sub"], 0)


async def test_a_buyers_holder_id_is_made_here(accounts: Accounts) -> None:
    first = await accounts.stub.StartBuyerSession(pb.StartBuyerSessionRequest())
    second = await accounts.stub.StartBuyerSession(pb.StartBuyerSessionRequest())
    claims = [await accounts.claims(await accounts.token(one.session_secret)) for one in (first, first, second)]
    assert [claim["knd"] for claim in claims] == ["BUYER"] * 3
    assert claims[0]["sub"] == claims[1]["sub"] != claims[2]["sub"]
    assert all(claim["sub"].startswith("hdr_") and "hss" not in claim for claim in claims)
