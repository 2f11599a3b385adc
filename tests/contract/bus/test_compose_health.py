"""The broker's health check in docker-compose.yml, asked of a broker: it says yes, and no where none answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import yaml

COMPOSE = Path(__file__).parents[3] / "docker-compose.yml"


async def _is_healthy(port: str) -> bool:
    check = yaml.safe_load(COMPOSE.read_text())["services"]["kafka"]["healthcheck"]
    kind, *command = check["test"]
    assert kind == "CMD"
    script = command[-1].replace("127.0.0.1/9092", f"127.0.0.1/{port}")
    assert script != command[-1]
    process = await asyncio.create_subprocess_exec(*command[:-1], script, stderr=asyncio.subprocess.DEVNULL)
    return await process.wait() == 0


async def test_a_broker_that_answers_is_healthy(kafka_bootstrap: str) -> None:
    assert await _is_healthy(kafka_bootstrap.split(",", maxsplit=1)[0].rpartition(":")[2])


async def test_nobody_there_is_not_healthy(nobodys_port: int) -> None:
    assert not await _is_healthy(str(nobodys_port))


async def test_something_else_on_the_port_is_not_healthy() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(14)
        writer.write(b"HTTP/1.1 400 Bad Request")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        assert not await _is_healthy(str(server.sockets[0].getsockname()[1]))
