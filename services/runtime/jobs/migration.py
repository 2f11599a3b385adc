"""DDL of the job queue, for use inside the services' Alembic migrations. The tables are procrastinate's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager

# The newest of the library's own migrations that the services' revisions know of; a test compares it with what the
# library brings. A newer one needs a new Alembic revision in each service with jobs, which calls apply_job_migrations.
NEWEST = "03.04.00_50_post_add_retry_failed_job_procedure.sql"
_APPLIED = "job_migrations"
_DROP = """
DROP TABLE job_migrations, procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs,
    procrastinate_workers CASCADE;
DO $$ DECLARE own record; BEGIN
    FOR own IN SELECT oid::regprocedure AS name FROM pg_proc WHERE proname LIKE 'procrastinate\\_%' LOOP
        EXECUTE format('DROP FUNCTION %s CASCADE', own.name);
    END LOOP;
    FOR own IN SELECT oid::regtype AS name FROM pg_type WHERE typname LIKE 'procrastinate\\_%' AND typtype IN ('e', 'c')
    LOOP
        EXECUTE format('DROP TYPE %s CASCADE', own.name);
    END LOOP;
END $$;
"""


def create_job_tables() -> None:
    """Creates the queue as the installed library wants it, and notes which of its migrations that includes."""
    _run(SchemaManager.get_schema())
    op.create_table(_APPLIED, sa.Column("name", sa.Text, primary_key=True))
    _note(shipped_migrations())


def drop_job_tables() -> None:
    """Undoes create_job_tables; jobs that wait are gone. The library has no way back, but its names are its own."""
    _run(_DROP)


def apply_job_migrations() -> None:
    """Applies what the installed library has brought since the queue was created, in order; nothing when it is new."""
    applied = set(op.get_bind().scalars(sa.text(f"SELECT name FROM {_APPLIED}")))  # noqa: S608 (a constant)
    for name in shipped_migrations():
        if name not in applied:
            _run((Path(SchemaManager.get_migrations_path()) / name).read_text(encoding="utf-8"))
            _note([name])


def shipped_migrations() -> list[str]:
    """The library's migrations by name, oldest first."""
    return sorted(path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def _note(names: list[str]) -> None:
    op.get_bind().execute(sa.text(f"INSERT INTO {_APPLIED} VALUES (:name)"), [{"name": name} for name in names])  # noqa: S608


def _run(script: str) -> None:
    """Many statements at once, which prepared statements cannot do."""
    connection: Any = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda driver: driver.execute(script))
