"""Fails if a lock in requirements/ records where a package was downloaded, or a package without a hash."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"\w+://|--(extra-)?index-url|--find-links|(^|\s)-[if]\s|--trusted-host", re.IGNORECASE)
PINNED = re.compile(r"^[A-Za-z0-9._-]+(\[[A-Za-z0-9,._-]+\])?==\S+")


def problems(text: str) -> Iterator[str]:
    """What is wrong with one lock's text, one sentence each."""
    logical = re.sub(r"\\\n\s*", " ", text)
    for line in logical.splitlines():
        if ADDRESS.search(line):
            yield f"records an address or an index: {line[:120]}"
        elif line.strip() and not line.lstrip().startswith("#"):
            if not PINNED.match(line):
                yield f"is not pinned with ==: {line[:120]}"
            elif "--hash=sha256:" not in line:
                yield f"has no hash: {line[:120]}"


def main() -> int:
    """Exit status 0 if every lock is clean, 1 with one line per problem."""
    locks = sorted((ROOT / "requirements").glob("*.lock"))
    found = [f"{lock.name} {problem}" for lock in locks for problem in problems(lock.read_text())]
    for line in found:
        print(line)
    return 0 if locks and not found else 1


if __name__ == "__main__":
    sys.exit(main())
