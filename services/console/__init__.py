"""The `balcon` command line: brings the stack up, runs the demo sale, audits. It must not hold a rule of selling."""

from __future__ import annotations

import os

# Before grpc is loaded: its notes on fork and closed connections would land between the tables.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
