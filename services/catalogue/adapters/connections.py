"""Connections to the catalogue's database, with faults in Balcon's own words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.runtime.errors import StoreUnavailable
from services.runtime.sql.faults import passes


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection whose transaction ends with the block, rolled back unless it was committed in it.

    Raises StoreUnavailable when the same work may succeed later; other errors as they are.
    """
    try:
        async with engine.connect() as connection:
            yield connection
    except (SQLAlchemyError, OSError, asyncpg.PostgresError) as error:
        if passes(error):
            raise StoreUnavailable from error
        raise
