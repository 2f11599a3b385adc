"""What a read model is made of. Rows of every generation stand in the same tables, beside each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.ports.generations import GenerationGone
from services.runtime.outbox.event import IncomingEvent

# Brings events into a generation, in the transaction that also remembers them.
Apply = Callable[[AsyncConnection, int, Sequence[IncomingEvent]], Awaitable[None]]

# Whoever drops a generation waits for this lock, and no new batch begins after that.
_FENCE = text("SELECT 1 FROM read_model_generations WHERE generation = :generation FOR KEY SHARE")


@dataclass(frozen=True, slots=True)
class Projection:
    """One read model. `topics` tell changes, numbered by key; `states` carry a thing's whole state each time.

    `tables`: those that point to others first. `versions` asks how new a generation's states are, as rows of (topic,
    key, source, epoch, version). What `forgets` has a topic that does not keep its history, and cannot be built anew.
    """

    name: str
    tables: tuple[Table, ...]
    apply: Apply
    topics: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    versions: Callable[[int], Select[str, str, str, int, int]] | None = None
    forgets: bool = False


async def fence(connection: AsyncConnection, generation: int) -> None:
    """Keeps the generation from being dropped until the transaction ends. Raises GenerationGone."""
    if (await connection.execute(_FENCE, {"generation": generation})).first() is None:
        raise GenerationGone(generation=generation)
