"""The table of the keys of ticket codes; private ones are sealed."""

from __future__ import annotations

from services.runtime.signing_keys.rows import signing_keys_table
from services.ticketing.adapters.metadata import metadata

signing_keys = signing_keys_table(metadata)
