"""Logos are PNG or JPEG by their content, within bounds; colours are #RRGGBB. All else is refused."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from services.paper.house_style import refused_color
from services.paper.logo import MAX_DRAWN_SIDE, MAX_LOGO_BYTES, MAX_LOGO_SIDE, logo_pixels, refused_logo
from tests.unit.paper.style_samples import logo


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_png_and_a_jpeg_are_taken(kind: str) -> None:
    assert refused_logo("logo", logo(kind=kind)) is None


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "must be set"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is no PNG or JPEG"),
        (logo(kind="GIF"), "is no PNG or JPEG"),
        (logo(kind="TIFF"), "is no PNG or JPEG"),
        (logo()[:120], "is damaged or cut off"),
        (logo(MAX_LOGO_SIDE + 1, 1), "has 6,001 x 1 pixels"),
        (logo(4_000, 2_001), "has 4,000 x 2,001 pixels"),
        (logo() + b"\0" * MAX_LOGO_BYTES, "has 2,0"),
    ],
)
def test_what_is_no_logo_is_refused(content: bytes, problem: str) -> None:
    refusal = refused_logo("logo", content)
    assert refusal is not None
    assert refusal.problem.startswith(problem)


def test_a_large_logo_is_drawn_no_finer_than_paper_shows() -> None:
    assert max(logo_pixels(logo(4_000, 1_000)).size) == MAX_DRAWN_SIDE


def test_transparency_is_kept() -> None:
    content = io.BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(content, "PNG")
    assert logo_pixels(content.getvalue()).mode == "RGBA"


@pytest.mark.parametrize("value", ["", "red", "#12345", "#1234567", "#GGGGGG", "1F2A44", "#1F2A44\n"])
def test_a_colour_is_six_hexadecimal_digits(value: str) -> None:
    assert refused_color("primary_color", value) is not None
    assert refused_color("primary_color", "#1f2A44") is None
