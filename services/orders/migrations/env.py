"""Alembic's entry for the orders database."""

from services.orders.adapters.tables import metadata
from services.runtime.sql.migrations import run_env

run_env(metadata)
