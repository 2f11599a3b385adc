"""What a house's command loads: nothing of databases, the stack or signing. Every command is a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAVY = {
    "aiokafka",
    "alembic",
    "asyncpg",
    "cryptography",
    "httpx",
    "jwt",
    "psycopg",
    "redis",
    "reportlab",
    "sqlalchemy",
    "starlette",
}
LOADED = """
import sys
from services.console.main import app
sys.argv = ["balcon", *sys.argv[1:]]
try:
    app()
finally:
    print("loaded", *{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


def loaded_by(*words: str, script: str = LOADED) -> set[str]:
    """The packages that a process has loaded which ran this command."""
    path = f"{ROOT}:{ROOT / 'protos/gen'}"
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        env={"PYTHONPATH": path, "XDG_CONFIG_HOME": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    return set(done.stderr.splitlines()[-1].removeprefix("loaded ").split())


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("house", "hall", "create", "--help"),
        # Ends when it finds that nobody is logged in.
        ("house", "hall", "list", "--data", "/nowhere"),
    ],
    ids=" ".join,
)
def test_a_houses_command_loads_no_database_and_no_stack(words: tuple[str, ...]) -> None:
    loaded = loaded_by(*words)
    assert loaded & HEAVY == set()
    assert "typer" in loaded


def test_control_what_runs_a_stack_loads_them() -> None:
    assert loaded_by("down", "--data", "/nowhere") & HEAVY >= {"sqlalchemy", "cryptography"}


def test_a_service_loads_nothing_that_only_migrations_need() -> None:
    script = """
import sys
import services.reporting.main
print("loaded", *{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""
    loaded = loaded_by(script=script)
    assert "sqlalchemy" in loaded
    assert loaded & {"alembic", "mako"} == set()
