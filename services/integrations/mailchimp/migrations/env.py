"""Alembic's entry for mailchimp's database."""

from services.integrations.mailchimp.adapters.tables import metadata
from services.runtime.sql.migrations import run_env

run_env(metadata)
