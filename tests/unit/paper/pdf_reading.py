"""Reads PDFs back with readers of other people's: text by pypdf, ink and pictures by PDFium, QR codes by ZXing."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import pypdf
import pypdf.generic
import pypdfium2
import zxingcpp
from PIL import Image

POINTS_PER_MM = 72 / 25.4
# Letters of one line may reach under each other by this much (points).
_KERN = 0.7


def texts(content: bytes) -> list[str]:
    """Each page's text, its spaces and line ends made single spaces."""
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def squeezed(text: str) -> str:
    """Without any white space: where lines break says nothing about what is there."""
    return "".join(text.split())


def fonts(content: bytes) -> list[tuple[str, bool]]:
    """Of each font of the first page its name, and whether the file has it inside."""
    resources = pypdf.PdfReader(io.BytesIO(content)).pages[0]["/Resources"].get_object()
    assert isinstance(resources, pypdf.generic.DictionaryObject)
    by_name = resources["/Font"].get_object()
    assert isinstance(by_name, pypdf.generic.DictionaryObject)
    found = []
    for each in by_name.values():
        font = each.get_object()
        assert isinstance(font, pypdf.generic.DictionaryObject)
        descriptor = font["/FontDescriptor"].get_object()
        assert isinstance(descriptor, pypdf.generic.DictionaryObject)
        found.append((str(font["/BaseFont"]), "/FontFile2" in descriptor))
    return found


def pictures(content: bytes, scale: float = 4.0) -> list[Image.Image]:
    """Each page as a picture, 72 dots an inch times `scale`."""
    with pypdfium2.PdfDocument(content) as document:
        return [page.render(scale=scale).to_pil() for page in document]


def qr_codes(picture: Image.Image) -> list[zxingcpp.Barcode]:
    """Every QR code in the picture."""
    return list(zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)))


@dataclass(frozen=True, slots=True)
class Ink:
    """Where one character is black, in points from the lower left corner."""

    character: str
    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: Ink) -> bool:
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.top, other.top) - max(self.bottom, other.bottom)
        return across > _KERN and down > _KERN


def ink_of(content: bytes, page: int = 0) -> list[Ink]:
    """Every visible character of a page."""
    with pypdfium2.PdfDocument(content) as document:
        text = document[page].get_textpage()
        found = []
        for index in range(text.count_chars()):
            character = text.get_text_range(index, 1)
            if character.strip():
                found.append(Ink(character, *text.get_charbox(index)))
        return found


def overlapping(inks: Iterable[Ink]) -> list[tuple[str, str]]:
    """Characters that are printed over each other."""
    ordered = sorted(inks, key=lambda ink: ink.left)
    found: list[tuple[str, str]] = []
    for index, ink in enumerate(ordered):
        for other in itertools.islice(ordered, index + 1, None):
            if other.left >= ink.right:
                break
            if ink.overlaps(other):
                found.append((ink.character, other.character))
    return found


def outside(inks: Iterable[Ink], width_mm: float, height_mm: float, margin_mm: float) -> list[Ink]:
    """Characters that leave the page's margins."""
    low, right, top = (
        margin_mm * POINTS_PER_MM,
        (width_mm - margin_mm) * POINTS_PER_MM,
        (height_mm - margin_mm) * POINTS_PER_MM,
    )
    return [ink for ink in inks if ink.left < low or ink.bottom < low or ink.right > right or ink.top > top]
