"""Alembic's entry for the payments' database."""

from services.payments.adapters.tables import METADATA
from services.runtime.sql.migrations import run_env

run_env(METADATA)
