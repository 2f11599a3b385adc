"""The process that makes one poster: a picture comes in, images go out, within bounds of memory and time.

It knows no secret, opens no file and talks to nobody; what a picture does to its decoder ends here.
"""

from __future__ import annotations

import resource
import sys

import msgspec

from services.catalogue.adapters.poster_images import poster_images
from services.catalogue.domain.poster import PosterImage
from services.runtime.errors import FieldInvalid

MEMORY_BYTES = 1_500_000_000
CPU_SECONDS = 30
# The exit code that says that the picture needs more memory than that.
OUT_OF_MEMORY = 77


class Made(msgspec.Struct):
    """What the process answers: images, or what is wrong as problem and limit."""

    images: list[PosterImage] = []
    problem: str = ""
    limit: str = ""


def _bound(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (wanted, wanted))


def main() -> None:
    """Reads standard input to its end. Without an answer it was the picture."""
    _bound(resource.RLIMIT_AS, MEMORY_BYTES)
    _bound(resource.RLIMIT_CPU, CPU_SECONDS)
    _bound(resource.RLIMIT_FSIZE, 0)
    _bound(resource.RLIMIT_CORE, 0)
    try:
        made = poster_images("", sys.stdin.buffer.read())
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    answer = Made(problem=made.problem, limit=made.limit) if isinstance(made, FieldInvalid) else Made([*made])
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
