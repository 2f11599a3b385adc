"""Alembic's entry for the catalogue's database."""

from services.catalogue.adapters.tables import metadata
from services.runtime.sql.migrations import run_env

run_env(metadata)
