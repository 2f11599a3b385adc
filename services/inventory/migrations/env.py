"""Alembic's entry for the inventory's database."""

from services.inventory.adapters.tables import metadata
from services.runtime.sql.migrations import run_env

run_env(metadata)
