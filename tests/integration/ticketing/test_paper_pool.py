"""The process that stays to draw letters: what fails in it costs the next request nothing, and it knows no secret."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from services.paper import pool as pools
from services.paper.pool import PaperPool
from services.paper.process import PaperFailed
from services.runtime.testing.eventually import eventually

# Answers who it is, or does what else it is asked.
SCRIPT: Final = """
import os, pathlib, threading
from services.paper.pool import serve_requests

def answer(request):
    word, _, rest = request.decode().partition(" ")
    if word == "fail":
        raise ValueError("Ada Lovelace")
    if word == "die":
        os._exit(1)
    if word == "hang":
        pathlib.Path(rest).write_text(str(os.getpid()))
        threading.Event().wait()
    if word == "environment":
        return " ".join(os.environ).encode()
    return str(os.getpid()).encode()

serve_requests(answer)
"""
COMMAND: Final = (sys.executable, "-I", "-c", SCRIPT)


@pytest.fixture
async def pool() -> AsyncIterator[PaperPool]:
    one = PaperPool(COMMAND)
    yield one
    await one.close()


def lives(pid: bytes) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    return True


async def test_one_process_answers_one_request_after_the_other_and_ends_with_the_pool() -> None:
    pool = PaperPool(COMMAND)
    first, *more = await asyncio.gather(*(pool.draw(b"who") for _ in range(3)))
    assert more == [first, first]
    assert lives(first)
    await pool.close()
    assert not lives(first)


async def test_a_request_that_fails_names_nobody_and_leaves_the_process_to_the_next(pool: PaperPool) -> None:
    before = await pool.draw(b"who")
    with pytest.raises(PaperFailed) as failed:
        await pool.draw(b"fail")
    assert failed.value.facts == {"why": "ValueError"}
    assert await pool.draw(b"who") == before


async def test_a_process_that_dies_is_followed_by_another(pool: PaperPool) -> None:
    before = await pool.draw(b"who")
    with pytest.raises(PaperFailed):
        await pool.draw(b"die")
    assert await pool.draw(b"who") != before


async def test_a_process_that_never_answers_is_not_waited_for(tmp_path: Path) -> None:
    pool = PaperPool(COMMAND, seconds=0.2)
    with pytest.raises(PaperFailed):
        await pool.draw(f"hang {tmp_path / 'pid'}".encode())
    await pool.close()


async def test_who_gives_up_leaves_no_answer_behind_for_the_next(pool: PaperPool, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    asked = asyncio.create_task(pool.draw(f"hang {told}".encode()))

    async def hangs() -> None:
        assert told.exists()
        assert told.read_bytes()

    await eventually(hangs)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert not lives(told.read_bytes())
    assert lives(await pool.draw(b"who"))


async def test_a_process_is_followed_by_a_new_one_after_so_many(
    pool: PaperPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "_REQUESTS_A_PROCESS", 2)
    first, second, third = [await pool.draw(b"who") for _ in range(3)]
    assert (first == second, second == third, lives(first)) == (True, False, False)


async def test_the_process_knows_no_secret(pool: PaperPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALCON_TICKETING_SEALING_SECRETS", "s" * 20)
    assert b"BALCON" not in await pool.draw(b"environment")
