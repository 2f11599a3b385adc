"""Fixtures of every test: real servers (services.runtime.testing.servers). Nothing else belongs here."""

from __future__ import annotations

pytest_plugins = ["services.runtime.testing.servers"]
