"""A house's logo: decoded within bounds, by its content, and kept as pixels only."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PIL import Image, UnidentifiedImageError

from services.runtime.errors import UNSET, FieldInvalid

MAX_LOGO_BYTES: Final = 2_000_000
MAX_LOGO_PIXELS: Final = 8_000_000
MAX_LOGO_SIDE: Final = 6_000
# What is drawn: 600 dots an inch on a logo as wide as a hand.
MAX_DRAWN_SIDE: Final = 1_600
_TAKEN = (
    f"a PNG or JPEG of at most {MAX_LOGO_BYTES:,} bytes and {MAX_LOGO_PIXELS:,} pixels, {MAX_LOGO_SIDE:,} on a side"
)
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)


def refused_logo(field: str, content: bytes) -> FieldInvalid | None:
    """The refusal for what is no logo that can be printed, else None. Decodes it, but never what is too large."""
    if not content:
        return FieldInvalid(field, UNSET, _TAKEN)
    if len(content) > MAX_LOGO_BYTES:
        return FieldInvalid(field, f"has {len(content):,} bytes", _TAKEN)
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            width, height = image.size
            if width * height > MAX_LOGO_PIXELS or max(width, height) > MAX_LOGO_SIDE:
                return FieldInvalid(field, f"has {width:,} x {height:,} pixels", _TAKEN)
            image.load()
    except UnidentifiedImageError:
        return FieldInvalid(field, "is no PNG or JPEG", _TAKEN)
    except _DAMAGE:
        return FieldInvalid(field, "is damaged or cut off", _TAKEN)
    return None


@dataclass(frozen=True, slots=True)
class LogoFault:
    """What is wrong with a logo; empty: nothing."""

    problem: str = ""
    limit: str = ""


def logo_fault(content: bytes) -> LogoFault:
    """As `refused_logo` says it, for whoever passes it on."""
    refusal = refused_logo("logo", content)
    return LogoFault(refusal.problem, refusal.limit) if refusal else LogoFault()


@lru_cache(maxsize=64)
def logo_pixels(content: bytes) -> Image.Image:
    """The logo as RGB or RGBA, as large as it is drawn at most. `content` has passed `refused_logo`."""
    assert refused_logo("logo", content) is None, "a logo is checked where it is taken in"
    with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
        pixels = image.convert("RGBA" if image.has_transparency_data else "RGB")
    pixels.thumbnail((MAX_DRAWN_SIDE, MAX_DRAWN_SIDE))
    return pixels
