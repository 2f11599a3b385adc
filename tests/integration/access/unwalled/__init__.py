"""The services' processes with every condition on a house taken out of their statements: the second wall alone."""

from __future__ import annotations

from collections.abc import Callable

from tests.integration.walls import statements_without_house


def run_unwalled(main: Callable[[], None]) -> None:
    """The process until its end."""
    with statements_without_house():
        main()
