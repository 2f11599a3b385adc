"""Limits that more than one service checks, each with its one home. Nothing here knows who checks it."""

from __future__ import annotations
