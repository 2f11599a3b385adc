"""Writes a letter about an order: plain text, and the same as HTML for mail programs, light and dark."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import Final

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from PIL import Image

from services.paper.house_style import HouseStyle
from services.runtime.mail.letter import InlineImage, LetterText
from services.ticketing.letters.facts import OrderLetter
from services.ticketing.letters.view import view_of

_FOLDER: Final = Path(__file__).parent / "templates"
_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# Nothing is fetched: what a house calls itself is no address.
_INLINER: Final = css_inline.CSSInliner(load_remote_stylesheets=False)
# Twice the size at which it is shown, for fine screens.
_LOGO_PIXELS: Final = (520, 88)
_DARK, _LIGHT = "#1b1e24", "#ffffff"


def written_letter(letter: OrderLetter, style: HouseStyle) -> LetterText:
    """In the style's language, in the house's name."""
    view = view_of(letter, style)
    logo = small_logo(style.logo) if style.logo else b""
    facts = {"view": view, "style": style, "has_logo": bool(logo), "band_ink": ink_on(style.primary_color)}
    html = _ENVIRONMENT.get_template("order.html").render(facts)
    return LetterText(
        subject=view.subject,
        body=_ENVIRONMENT.get_template("order.txt").render(facts),
        html=_INLINER.inline(html),
        images=(InlineImage("logo", "image/png", logo),) if logo else (),
        sender_name=style.house_name,
        headers=(("X-Balcon-Copy", "2"),) if letter.is_copy else (),
    )


def ink_on(color: str) -> str:
    """Black or white, whichever is read more easily on #RRGGBB (WCAG 2, relative luminance)."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return _LIGHT if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 else _DARK


@lru_cache(maxsize=16)
def small_logo(logo: bytes) -> bytes:
    """As large as mail shows it, PNG; empty where it cannot be read (it was checked when it was taken in)."""
    try:
        with Image.open(io.BytesIO(logo)) as image:
            image.thumbnail(_LOGO_PIXELS)
            small = io.BytesIO()
            image.convert("RGBA").save(small, "PNG", optimize=True)
            return small.getvalue()
    except (OSError, ValueError, Image.DecompressionBombError):
        return b""
