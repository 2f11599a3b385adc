"""`balcon letters`: what a stack without a mail server has written to people, from its data folder."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from services.console.stack.letters import letters_in, newest_link
from services.console.terminal import OUT
from services.runtime.clock import Clock


async def run_letters(data: Path, to: str, only_link: bool, clock: Clock) -> None:
    """Prints the letters, or the newest one's link."""
    if only_link:
        OUT.print(await newest_link(data, to, clock), highlight=False, markup=False, soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("to", "subject", "link"):
        table.add_column(column, overflow="fold")
    for letter in letters_in(data, to):
        table.add_row(letter.to, letter.subject, letter.link)
    OUT.print(table)
