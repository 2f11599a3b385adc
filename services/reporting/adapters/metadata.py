"""The metadata that all of reporting's tables are in."""

from __future__ import annotations

from services.runtime.sql.engine import new_metadata

metadata = new_metadata()
