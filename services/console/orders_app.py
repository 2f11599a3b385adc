"""`balcon orders ...`: work on many orders, for the people of a house."""

from __future__ import annotations

from typing import Final

import typer

from services.console.house.command import Subject
from services.console.house.shell import add_subject
from services.console.house.subjects.order_work import ORDER_WORK

SUBJECTS: Final[tuple[Subject, ...]] = (ORDER_WORK,)


def orders_app() -> typer.Typer:
    """The group with all its commands."""
    app = typer.Typer(
        help="Work on orders: those that stand still, and performances that are given back.", no_args_is_help=True
    )
    for subject in SUBJECTS:
        add_subject(app, subject)
    return app
