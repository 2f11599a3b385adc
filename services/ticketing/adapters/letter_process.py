"""The process that draws what goes out with a letter: sheets come in, documents go out, many one after the other."""

from __future__ import annotations

import io

import msgspec

from services.paper.pool import serve_requests
from services.ticketing.adapters.paper_process import draw
from services.ticketing.adapters.written_sheets import read


def drawn(request: bytes) -> bytes:
    """A list of sheets, as a list of documents."""
    documents = []
    for sheet in msgspec.msgpack.decode(request, type=list[bytes]):
        sink = io.BytesIO()
        draw(read(sheet), sink)
        documents.append(sink.getvalue())
    return msgspec.msgpack.encode(documents)


if __name__ == "__main__":
    serve_requests(drawn)
