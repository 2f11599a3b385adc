"""Brings databases to their newest schema: `python -m services.runtime.sql.migrate orders payments`."""

from __future__ import annotations

import asyncio
import os
import sys

from services.runtime.sql.migrations import has_migrations, upgrade


async def migrate(names: list[str]) -> None:
    """Upgrades each service's database, whose URL is in BALCON_<SERVICE>_DATABASE_URL. KeyError without it."""
    for name in names:
        if has_migrations(name):
            await upgrade(name, os.environ[f"BALCON_{name.upper()}_DATABASE_URL"])


if __name__ == "__main__":
    asyncio.run(migrate(sys.argv[1:]))
