"""Shows a sale while it runs: bars on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from services.console.sale.tally import Progress
from services.runtime.clock import Clock

_PLAIN_SECONDS = 5.0


class SaleDisplay:
    """`with SaleDisplay(...) as display: display.show(progress)`. `console` is where people look."""

    def __init__(self, console: Console, clock: Clock, *, buyers: int, seats: int) -> None:
        self._console = console
        self._clock = clock
        self._buyers = buyers
        self._seats = seats
        self._last_line = clock.monotonic()
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        self._bars = Bars(*columns, console=console) if console.is_terminal else None
        self._tasks = {}
        if self._bars is not None:
            for name, total in (("arrived", buyers), ("gone home", buyers), ("tickets", seats)):
                self._tasks[name] = self._bars.add_task(name, total=total)

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def show(self, progress: Progress) -> None:
        """The latest figures."""
        if self._bars is not None:
            for name, done in zip(self._tasks, (progress.arrived, progress.left, progress.tickets), strict=True):
                self._bars.update(self._tasks[name], completed=done)
        elif self._clock.monotonic() - self._last_line > _PLAIN_SECONDS:
            self._last_line = self._clock.monotonic()
            self._console.print(
                f"arrived {progress.arrived}/{self._buyers}  gone home {progress.left}  "
                f"holds {progress.holds}  orders {progress.orders}  tickets {progress.tickets}/{self._seats}",
                highlight=False,
            )
