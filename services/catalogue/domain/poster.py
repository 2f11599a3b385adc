"""Posters: which pictures are taken, and in which sizes they are kept (R2.3). Content counts, never a file's name."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from services.runtime.errors import UNSET, FieldInvalid

MAX_POSTER_BYTES = 10_000_000
MAX_POSTER_PIXELS = 40_000_000
MAX_POSTER_SIDE = 12_000
# What is kept: as wide as one of these, or as the picture where it is narrower, and at most twice as high as wide.
WIDTHS = (320, 640, 1_280)
MAX_HEIGHT_BY_WIDTH = 2
# Of one kept image, so that every client takes the answer that it is in.
MAX_IMAGE_BYTES = 2_000_000
MEDIA_TYPE = "image/jpeg"

_TAKEN = "a jpg, gif or png, by its content"
_SIZE_LIMIT = f"at most {MAX_POSTER_PIXELS:,} pixels, {MAX_POSTER_SIDE:,} on a side"
_JPEG, _PNG, _GIF, _OLD_GIF = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"GIF87a"
# How other files begin, as far as people take them for pictures.
_STRANGERS: Sequence[tuple[bytes, str]] = (
    (b"%PDF", "a PDF"),
    (b"BM", "a BMP"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"8BPS", "a Photoshop file"),
    (b"\0\0\1\0", "an icon"),
    (b"%!PS", "a PostScript file"),
    (b"PK\3\4", "a zip archive or an office file"),
    (b"\x1f\x8b", "a gzip archive"),
)
_BRANDS = {b"avif": "an AVIF", b"avis": "an AVIF", b"heic": "a HEIC", b"heix": "a HEIC", b"mif1": "a HEIF"}


@dataclass(frozen=True, slots=True)
class PosterImage:
    """One size of a poster, always a JPEG: pixels and nothing else."""

    width: int
    height: int
    content: bytes


@dataclass(frozen=True, slots=True)
class VersionedImage:
    """One image, and the version of the poster that it belongs to."""

    version: str
    image: PosterImage


@dataclass(frozen=True, slots=True)
class PosterSize:
    """The width and height of a kept image."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Poster:
    """What is known of a poster without its images: its version, which is that of its content, and its sizes."""

    version: str
    sizes: tuple[PosterSize, ...]


def version_of(images: Sequence[PosterImage]) -> str:
    """The same for the same images, another for others: what is kept under it may be kept for good."""
    digest = hashlib.sha256()
    for image in images:
        digest.update(f"{image.width}x{image.height}:{len(image.content)}:".encode())
        digest.update(image.content)
    return digest.hexdigest()[:32]


def refused_picture(field: str, content: bytes) -> FieldInvalid | None:
    """The refusal for what is too large or begins like no jpg, gif or png, else None. Nothing is decoded."""
    if len(content) > MAX_POSTER_BYTES:
        return FieldInvalid(field, f"has {len(content):,} bytes", f"{_TAKEN}, of at most {MAX_POSTER_BYTES:,} bytes")
    if content.startswith((_JPEG, _PNG, _GIF, _OLD_GIF)):
        return None
    return FieldInvalid(field, f"is {kind_of(content)}" if content else UNSET, _TAKEN)


def refused_pixels(field: str, width: int, height: int) -> FieldInvalid | None:
    """The refusal for a picture whose header says that it has too many pixels, else None."""
    if width * height <= MAX_POSTER_PIXELS and max(width, height) <= MAX_POSTER_SIDE:
        return None
    problem = f"has {width:,} x {height:,} pixels, {width * height:,} in all"
    return FieldInvalid(field, problem, _SIZE_LIMIT)


def refused_content(field: str, content: bytes) -> FieldInvalid:
    """The refusal for a picture that begins well and cannot be read to its end."""
    return FieldInvalid(field, f"is {kind_of(content)} that is damaged or cut off", f"{_TAKEN}, whole")


def kind_of(content: bytes) -> str:
    """What the content is, by its first bytes."""
    for start, name in ((_JPEG, "a JPEG"), (_PNG, "a PNG"), (_GIF, "a GIF"), (_OLD_GIF, "a GIF"), *_STRANGERS):
        if content.startswith(start):
            return name
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "a WebP"
    if content[4:8] == b"ftyp":
        return _BRANDS.get(content[8:12], "a video")
    return _kind_of_text(content[:1_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower())


def _kind_of_text(start: bytes) -> str:
    if b"<svg" in start:
        return "an SVG"
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    printable = all(byte >= 32 or byte in b"\t\r\n" for byte in start)
    return "text" if printable else "of no kind that is known"


def kept_sizes(width: int, height: int) -> tuple[PosterSize, ...]:
    """The sizes of a picture's images, the smallest first: never larger than the picture, its sides in proportion.

    Each has a width of its own.
    """
    sizes: dict[int, PosterSize] = {}
    for limit in WIDTHS:
        scale = min(1.0, limit / width, limit * MAX_HEIGHT_BY_WIDTH / height)
        size = PosterSize(max(1, round(width * scale)), max(1, round(height * scale)))
        sizes[size.width] = size
    return tuple(sizes.values())
