"""The databases of a stack on its own PostgreSQL, brought to their newest schema, and how the services reach them."""

from __future__ import annotations

import asyncio

from services.console.stack.blueprint import BUS_DATABASE, PARTS
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.sql.migrations import has_migrations, upgrade
from services.runtime.sql.roles import SERVICE_ROLE, let_make_tables


async def prepare_databases(postgres: EmbeddedPostgres) -> dict[str, str]:
    """URL by database, as the role that services connect as; a folder of a release before has no such role yet."""
    databases = {part.name: part.database for part in PARTS if part.database is not None}
    await asyncio.to_thread(postgres.create_role, SERVICE_ROLE)
    for name in (*databases.values(), BUS_DATABASE):
        await asyncio.to_thread(postgres.create_database, name)
    for service, name in databases.items():
        if has_migrations(service):
            await upgrade(service, postgres.url_for(name), role=SERVICE_ROLE)
    # Its rows are every house's events, and belong to none.
    await let_make_tables(postgres.url_for(BUS_DATABASE), SERVICE_ROLE)
    return {name: postgres.url_for(name, SERVICE_ROLE) for name in (*databases.values(), BUS_DATABASE)}
