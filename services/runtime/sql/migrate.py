"""Brings databases to their newest schema: `python -m services.runtime.sql.migrate orders payments`."""

from __future__ import annotations

import argparse
import asyncio
import os

from services.runtime.sql.migrations import has_migrations, upgrade
from services.runtime.sql.roles import SERVICE_ROLE


async def migrate(names: list[str], role: str = SERVICE_ROLE) -> None:
    """Upgrades each service's database, whose owner's URL is in BALCON_<SERVICE>_DATABASE_URL. KeyError without it.

    `role` is what the services connect as.
    """
    for name in names:
        if has_migrations(name):
            await upgrade(name, os.environ[f"BALCON_{name.upper()}_DATABASE_URL"], role=role)


def main() -> None:
    """Services' names, and --role."""
    parser = argparse.ArgumentParser(prog="python -m services.runtime.sql.migrate", description=__doc__)
    parser.add_argument("services", nargs="+")
    parser.add_argument("--role", default=SERVICE_ROLE, help="what the services connect as (default: %(default)s)")
    arguments = parser.parse_args()
    asyncio.run(migrate(arguments.services, arguments.role))


if __name__ == "__main__":
    main()
