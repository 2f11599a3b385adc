"""A house's style for the tests of paper."""

from __future__ import annotations

import io

from PIL import Image

from services.paper.house_style import HouseStyle


def logo(width: int = 600, height: int = 200, kind: str = "PNG") -> bytes:
    """A picture of one colour."""
    content = io.BytesIO()
    Image.new("RGB", (width, height), "#1F2A44").save(content, kind)
    return content.getvalue()


def house_style(language: str = "nl", *, with_logo: bool = True) -> HouseStyle:
    """De Kring in Rotterdam."""
    return HouseStyle(
        house_name="Schouwburg De Kring",
        language=language,
        time_zone="Europe/Amsterdam",
        currency="EUR",
        address_lines=("Schouwburgplein 1", "3012 CL Rotterdam", "+31 10 555 01 23"),
        logo=logo() if with_logo else b"",
    )
