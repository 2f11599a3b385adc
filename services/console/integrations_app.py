"""`balcon integrations ...`: what goes to outside systems, for the people of a house.

The commands of one integration alone are a subject of their own beside OUTBOUND (services/console/house/subjects): add
it to SUBJECTS here, with a name, and it is `balcon integrations <name> ...`.
"""

from __future__ import annotations

from typing import Final

import typer

from services.console.house.command import Subject
from services.console.house.shell import add_subject
from services.console.house.subjects.figures import FIGURES
from services.console.house.subjects.integrations import OUTBOUND
from services.console.house.subjects.mailchimp import MAILCHIMP
from services.console.house.subjects.podiumkunst import LINKS
from services.console.house.subjects.trackers import TRACKERS
from services.console.house.subjects.webhooks import WEBHOOKS

SUBJECTS: Final[tuple[Subject, ...]] = (OUTBOUND, LINKS, FIGURES, TRACKERS, MAILCHIMP, WEBHOOKS)


def integrations_app() -> typer.Typer:
    """The group with all its commands."""
    app = typer.Typer(
        help="What goes to outside systems: how it stands, the ledger, sending again.", no_args_is_help=True
    )
    for subject in SUBJECTS:
        add_subject(app, subject)
    return app
