"""The options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None, typer.Option("--data", envvar="BALCON_DATA", help="Data folder of the stack.", show_default="per user")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Target = Annotated[
    list[str] | None,
    typer.Option("--target", help="service=host:port, once a service; default: the stack on the data folder."),
]
