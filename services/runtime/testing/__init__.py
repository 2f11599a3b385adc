"""What tests of every part stand on: waiting without sleeping, virtual time, real servers. Not for services."""

from __future__ import annotations

from services.runtime.testing.eventually import eventually, eventually_sync
from services.runtime.testing.virtual_time import VirtualDeadlock, VirtualTimeExceeded, VirtualTimeLoop, run_virtual

__all__ = [
    "VirtualDeadlock",
    "VirtualTimeExceeded",
    "VirtualTimeLoop",
    "eventually",
    "eventually_sync",
    "run_virtual",
]
