"""Posters of what is seeded: two colours, a circle and the title, drawn with Pillow."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from services.console.seed.season import SeededProduction

_WIDTH: Final = 1_280
_HEIGHT: Final = 1_810
_MARGIN: Final = 80


def poster_of(production: SeededProduction) -> bytes:
    """A png, the same each time."""
    ground, ink = production.colours
    picture = Image.new("RGB", (_WIDTH, _HEIGHT), ground)
    draw = ImageDraw.Draw(picture)
    radius = _WIDTH // 3
    draw.ellipse((_WIDTH // 2 - radius, 200, _WIDTH // 2 + radius, 200 + 2 * radius), fill=ink)
    font = ImageFont.load_default(size=120)
    draw.multiline_text((_MARGIN, _HEIGHT - 560), production.title.replace(" ", "\n"), fill=ink, font=font)
    draw.text((_MARGIN, _HEIGHT - 160), production.performer, fill=ink, font=ImageFont.load_default(size=56))
    stream = BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
