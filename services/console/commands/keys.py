"""`balcon keys`: the key that the services of a deployment sign their own tokens with."""

from __future__ import annotations

from services.console.terminal import OUT
from services.runtime.access.keys import public_key_of
from services.runtime.access.written_keys import key_of
from services.runtime.ids import Ids


def print_new_key(ids: Ids) -> None:
    """A new pair. The private one is shown this once and kept nowhere."""
    private = key_of(ids.new_secret() + ids.new_secret())
    OUT.print(f"SERVICE_KEY={private}", highlight=False, soft_wrap=True)
    OUT.print(f"public key: {public_key_of(private)}", highlight=False, soft_wrap=True)
