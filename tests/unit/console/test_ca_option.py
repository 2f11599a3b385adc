"""`balcon --ca` and BALCON_CA: every channel of the command is encrypted, and believes that CA only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.console.main import app
from services.runtime.rpc.tls import CA_VARIABLE, ClientTls, use_for_channels, used_for_channels


@pytest.fixture(autouse=True)
def _own_process() -> Iterator[None]:
    """What a command has said of its channels is said of this process."""
    yield
    use_for_channels(None)


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (["--ca", "/a/ca.pem", "keys", "new"], {}, ClientTls(Path("/a/ca.pem"))),
        (["keys", "new"], {CA_VARIABLE: "/b/ca.pem"}, ClientTls(Path("/b/ca.pem"))),
        (["--ca", "/a/ca.pem", "keys", "new"], {CA_VARIABLE: "/b/ca.pem"}, ClientTls(Path("/a/ca.pem"))),
        (["keys", "new"], {CA_VARIABLE: ""}, None),
    ],
)
def test_channels_are_as_the_option_or_the_variable_says(
    arguments: list[str], environment: dict[str, str], told: ClientTls | None
) -> None:
    done = CliRunner().invoke(app, arguments, env={CA_VARIABLE: None, **environment})
    assert done.exit_code == 0, done.output
    assert used_for_channels() == told
