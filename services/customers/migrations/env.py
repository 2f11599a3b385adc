"""Alembic's entry for customers's database."""

from services.customers.adapters.tables import metadata
from services.runtime.sql.migrations import run_env

run_env(metadata)
