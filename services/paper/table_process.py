"""The process that makes one table's file out of what is written down for it. Standard input must be a file."""

from __future__ import annotations

import sys
from typing import BinaryIO, Final

from services.paper.streaming_pdf import ByteSink
from services.paper.table_csv import write_csv
from services.paper.table_excel import write_excel
from services.paper.table_pdf import write_pdf
from services.paper.table_spool import spooled

# Isolated: neither the environment, where secrets are, nor the working folder counts.
COMMAND: Final = (sys.executable, "-I", "-m", "services.paper.table_process")


def make(source: BinaryIO, sink: ByteSink) -> None:
    """Writes the file that is wanted."""
    wanted = spooled(source)
    match wanted.form:
        case "PDF":
            write_pdf(sink, wanted.style, wanted.document)
        case "EXCEL":
            write_excel(sink, wanted.style, wanted.document)
        case "CSV":
            write_csv(sink, wanted.document)
        case other:
            message = f"no such form: {other}"
            raise AssertionError(message)


def main() -> None:
    """From standard input to standard output."""
    make(sys.stdin.buffer, sys.stdout.buffer)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
