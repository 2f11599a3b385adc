"""Fixtures of every test: real servers (services.runtime.testing.servers), and examples that repeat."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from services.runtime.testing.ports import refusing_port

pytest_plugins = ["services.runtime.testing.servers"]

# The suite tries the same examples everywhere: never green or red by luck, and without a deadline on a slow machine.
# `make test ARGS="tests/unit --hypothesis-profile exploring"` looks for new ones and prints how to repeat what fails.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("exploring", deadline=None, max_examples=1_000, print_blob=True)
settings.load_profile("repeatable")


@pytest.fixture
def nobodys_port() -> Iterator[int]:
    """A port where nobody answers, and no server of another test can come to be."""
    with refusing_port() as port:
        yield port
