"""Where the commands print: tables and colours for people, plain lines where nobody looks."""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from services.runtime.errors import Fault

# Where nobody looks, no line is broken at the eightieth character for the looks of it.
_UNSEEN_COLUMNS = 200

OUT = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _UNSEEN_COLUMNS)
ERR = Console(stderr=True)


def print_json(value: Any) -> None:
    """One indented JSON document on standard output and nothing else; whoever reads a pipe has it at once."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
    sys.stdout.flush()


def fail(error: Fault) -> NoReturn:
    """Says what went wrong, with its facts, and ends with status 2."""
    ERR.print(f"[red]{escape((type(error).__doc__ or type(error).__name__).splitlines()[0])}[/]")
    for name, value in error.facts.items():
        ERR.print(f"  {name}: {escape(str(value))}", highlight=False)
    raise typer.Exit(2)
