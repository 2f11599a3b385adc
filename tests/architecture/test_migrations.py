"""A service's migrations are one line: two that were written at the same time must be put one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from services.runtime.sql.migrations import config_for, has_migrations
from tests.architecture.tree import ROOT

FOLDERS = {folder.parent.name: folder for folder in (ROOT / "services").rglob("migrations") if folder.is_dir()}
SERVICES = sorted(FOLDERS)


@pytest.mark.parametrize("service", SERVICES)
def test_migrations_are_one_line_in_the_order_of_their_files(service: str) -> None:
    assert has_migrations(service)
    files = sorted((FOLDERS[service] / "versions").glob("[0-9]*.py"))
    numbers = [file.name.split("_")[0] for file in files]
    assert numbers == [f"{number:04}" for number in range(1, len(files) + 1)]
    scripts = ScriptDirectory.from_config(config_for(service, "postgresql+asyncpg://nowhere"))
    line = [(Path(script.path).name, script.revision) for script in scripts.walk_revisions()]
    assert line[::-1] == [(file.name, number) for file, number in zip(files, numbers, strict=True)]
