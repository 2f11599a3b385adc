"""The databases of a stack on its own PostgreSQL, brought to their newest schema, and how the services reach them."""

from __future__ import annotations

import asyncio

from services.console.stack.blueprint import BUS_DATABASE, PARTS, ServicePart
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.sql.migrations import has_migrations, upgrade
from services.runtime.sql.roles import SERVICE_ROLE, let_make_tables


async def make_databases(postgres: EmbeddedPostgres) -> dict[str, str]:
    """URL by database, as the role that services connect as; a folder of a release before has no such role yet."""
    names = [*(part.database for part in PARTS if part.database is not None), BUS_DATABASE]
    await asyncio.to_thread(postgres.create_role, SERVICE_ROLE)
    await asyncio.gather(*(asyncio.to_thread(postgres.create_database, name) for name in names))
    # Its rows are every house's events, and belong to none.
    await let_make_tables(postgres.url_for(BUS_DATABASE), SERVICE_ROLE)
    return {name: postgres.url_for(name, SERVICE_ROLE) for name in names}


async def bring_to_head(postgres: EmbeddedPostgres, part: ServicePart) -> None:
    """The part's database has its newest schema; further nodes of a service find it so."""
    if part.database is not None and part.node == 1 and has_migrations(part.service):
        await upgrade(part.service, postgres.url_for(part.database), role=SERVICE_ROLE)
