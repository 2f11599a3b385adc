"""reportlab's canvas, but a page is in the file as soon as it is finished, so that ten thousand take no more memory.

reportlab keeps every page until the end. The file stays the same PDF: fonts and what pages share come last.
"""

from __future__ import annotations

from typing import Final, Protocol

from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

PDF_VERSION: Final = (1, 7)
_HEADER: Final = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


class ByteSink(Protocol):
    """Where a document goes: an open file, a BytesIO."""

    def write(self, data: bytes, /) -> object:
        """Takes all of it."""


class _WrittenPages(pdfdoc.PDFDocument):  # type: ignore[misc]
    """A document that writes each page at once and keeps its number only."""

    def __init__(self, sink: ByteSink, language: str) -> None:
        super().__init__(compression=1, invariant=1, pdfVersion=PDF_VERSION, lang=language)
        self._sink = sink
        self._offset = 0
        self._add(_HEADER)

    def addPage(self, page: pdfdoc.PDFPage) -> None:  # noqa: N802
        super().addPage(page)
        self.Pages.pages[-1] = pdfdoc.PDFObjectReference(page.__InternalName__)
        self._write_object(page.__InternalName__)
        self._write_object(page.Contents.__InternalName__)

    def format(self) -> bytes:
        """Writes all that is not in the file yet, and the table of contents; nothing is left to be returned."""
        self.Reference(self.Catalog)
        self.Reference(self.info)
        number = 1
        # Objects may make more of them while they are written.
        while (name := self.numberToId.get(number)) is not None:
            if name not in self.idToOffset:
                self._write_object(name)
            number += 1
        table = pdfdoc.PDFCrossReferenceTable()
        table.addsection(0, [self.numberToId[each] for each in range(1, number)])
        at = self._add(table.format(self))
        trailer = pdfdoc.PDFTrailer(
            startxref=at,
            Size=number,
            Root=self.Reference(self.Catalog),
            Info=self.Reference(self.info),
            ID=self.ID(),
        )
        self._add(trailer.format(self))
        return b""

    def _write_object(self, name: str) -> None:
        written = pdfdoc.PDFIndirectObject(name, self.idToObject[name]).format(self)
        self.idToOffset[name] = self._add(written)
        self.updateSignature(written)
        if name.startswith("Page") or isinstance(self.idToObject[name], pdfdoc.PDFStream):
            self.idToObject[name] = None

    def _add(self, data: bytes) -> int:
        at = self._offset
        self._sink.write(data)
        self._offset += len(data)
        return at


class StreamingCanvas(Canvas):  # type: ignore[misc]
    """A canvas for one document, the same bytes for the same strokes. `language` is a tag such as en-GB."""

    def __init__(self, sink: ByteSink, page_size: tuple[float, float], *, title: str, language: str) -> None:
        super().__init__(sink, pagesize=page_size, pageCompression=1, invariant=1)
        self._doc = _WrittenPages(sink, language)
        self.setPageCompression(1)
        self._make_preamble()
        self.setTitle(title)
        self.setAuthor("")
        self.setSubject("")
        self.setCreator("Balcon")
        self.setProducer("Balcon")

    def _make_preamble(self) -> None:
        # reportlab's own names Helvetica, which no paper of ours uses and no file has in it.
        self._preamble = "1 0 0 1 0 0 cm"
