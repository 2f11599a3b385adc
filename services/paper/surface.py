"""A page to draw on in millimetres from its upper left corner. Text is drawn as it stands and never read as markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Final

from reportlab.lib.colors import HexColor
from reportlab.lib.utils import ImageReader

from services.paper.fitting import FittedText, fitted
from services.paper.house_style import HouseStyle
from services.paper.localised import language_tag
from services.paper.logo import logo_pixels
from services.paper.qr_code import QUIET_MODULES, qr_code
from services.paper.streaming_pdf import ByteSink, StreamingCanvas
from services.paper.typeface import ASCENT, LEADING, font_name, printable, text_width

MM: Final = 72 / 25.4
# Nothing is set smaller.
SMALLEST_PT: Final = 4.0


class Ink(Enum):
    """Colours by their part; PRIMARY and ACCENT are the house's."""

    TEXT = "text"
    MUTED = "muted"
    RULE = "rule"
    PALE = "pale"
    PAPER = "paper"
    PRIMARY = "primary"
    ACCENT = "accent"


_FIXED: Final = {
    Ink.TEXT: HexColor("#16181D"),
    Ink.MUTED: HexColor("#5B616B"),
    Ink.RULE: HexColor("#C3C8D0"),
    Ink.PALE: HexColor("#F2F4F7"),
    Ink.PAPER: HexColor("#FFFFFF"),
}


@dataclass(frozen=True, slots=True)
class Box:
    """In millimetres from the upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Type:
    """How a text is set: from `size` down to `smallest` points; `across` and `down` say where in its box, 0 to 1."""

    size: float
    bold: bool = False
    ink: Ink = Ink.TEXT
    across: float = 0.0
    down: float = 0.0
    smallest: float = SMALLEST_PT


class Surface:
    """One document in a house's style. Pages are written to the sink as they are finished."""

    def __init__(self, sink: ByteSink, style: HouseStyle, width_mm: float, height_mm: float, title: str) -> None:
        size = (width_mm * MM, height_mm * MM)
        tag = language_tag(style.language)
        self._canvas = StreamingCanvas(sink, size, title=printable(title), language=tag)
        self._style = style
        self._height = height_mm * MM
        self._inks = _FIXED | {Ink.PRIMARY: HexColor(style.primary_color), Ink.ACCENT: HexColor(style.accent_color)}
        self._logo = _logo_of(style)
        self.width_mm = width_mm
        self.height_mm = height_mm

    @contextmanager
    def moved(self, x: float, y: float) -> Iterator[None]:
        """What is drawn inside is moved right and down."""
        self._canvas.saveState()
        self._canvas.translate(x * MM, -y * MM)
        yield
        self._canvas.restoreState()

    @contextmanager
    def kept_as(self, name: str) -> Iterator[None]:
        """What is drawn inside is kept in the file once, for `again`; it is not shown by that."""
        self._canvas.beginForm(name, 0, 0, self.width_mm * MM, self._height)
        yield
        self._canvas.endForm()

    def again(self, name: str) -> None:
        """Shows what was kept."""
        self._canvas.doForm(name)

    def text(self, box: Box, text: str, how: Type) -> None:
        """As large as it fits into the box: see `fitted`."""
        if text:
            width, height = box.width * MM, box.height * MM
            self.lines(box, fitted(text, width, height, how.size, min(how.smallest, how.size), bold=how.bold), how)

    def lines(self, box: Box, text: FittedText, how: Type) -> None:
        """Text that was fitted before."""
        canvas = self._canvas
        name = font_name(bold=how.bold)
        y = self._height - box.y * MM - (box.height * MM - text.height) * how.down - ASCENT * text.size
        canvas.setFillColor(self._inks[how.ink])
        canvas.setFont(name, text.size)
        for line in text.lines:
            spare = (box.width * MM - text_width(line, text.size, bold=how.bold)) * how.across if how.across else 0.0
            canvas.drawString(box.x * MM + spare, y, line)
            y -= LEADING * text.size

    def fill(self, box: Box, ink: Ink) -> None:
        """A box of one colour."""
        self._canvas.setFillColor(self._inks[ink])
        bottom = self._height - (box.y + box.height) * MM
        self._canvas.rect(box.x * MM, bottom, box.width * MM, box.height * MM, stroke=0, fill=1)

    def line(self, start: tuple[float, float], end: tuple[float, float], *, ink: Ink, dashed: bool = False) -> None:
        """A thin line; dashed where paper is cut or torn."""
        canvas = self._canvas
        canvas.setStrokeColor(self._inks[ink])
        canvas.setLineWidth(0.4)
        canvas.setDash((2.2, 2.2) if dashed else ())
        canvas.line(start[0] * MM, self._height - start[1] * MM, end[0] * MM, self._height - end[1] * MM)

    def path(self, points: Sequence[tuple[float, float]], *, ink: Ink, width: float, dashed: bool = False) -> None:
        """A line through the points, `width` points thick; its corners are rounded."""
        canvas = self._canvas
        canvas.saveState()
        canvas.setStrokeColor(self._inks[ink])
        canvas.setLineWidth(width)
        canvas.setLineJoin(1)
        canvas.setLineCap(1)
        canvas.setDash((3.0, 2.5) if dashed else ())
        path = canvas.beginPath()
        path.moveTo(points[0][0] * MM, self._height - points[0][1] * MM)
        for x, y in points[1:]:
            path.lineTo(x * MM, self._height - y * MM)
        canvas.drawPath(path, stroke=1, fill=0)
        canvas.restoreState()

    def dots(self, circles: list[tuple[float, float, float]], *, fill: Ink | None, stroke: Ink) -> None:
        """Circles (x, y, radius) in one stroke of the pen."""
        canvas = self._canvas
        canvas.setStrokeColor(self._inks[stroke])
        canvas.setDash()
        canvas.setLineWidth(0.3)
        if fill:
            canvas.setFillColor(self._inks[fill])
        path = canvas.beginPath()
        for x, y, radius in circles:
            path.circle(x * MM, self._height - y * MM, radius * MM)
        canvas.drawPath(path, stroke=1, fill=1 if fill else 0)

    def labels(self, places: list[tuple[float, float, str]], size: float, *, bold: bool, ink: Ink) -> None:
        """Short texts, each in the middle of its point."""
        canvas = self._canvas
        canvas.setFillColor(self._inks[ink])
        canvas.setFont(font_name(bold=bold), size)
        for x, y, text in places:
            shown = printable(text)
            left = x * MM - text_width(shown, size, bold=bold) / 2
            # Figures are as high as capitals: 0.714 em.
            canvas.drawString(left, self._height - y * MM - 0.357 * size, shown)

    def qr(self, box: Box, text: str) -> None:
        """The code with its quiet zone, in the middle of the box. Raises QrTextTooLong."""
        code = qr_code(text)
        module = min(box.width, box.height) * MM / (code.modules + 2 * QUIET_MODULES)
        side = module * code.modules
        x = box.x * MM + (box.width * MM - side) / 2
        y = self._height - (box.y + box.height / 2) * MM - side / 2
        size = f"/W {code.modules} /H {code.modules}"
        # An image of one bit a module, in the page itself: any size is sharp, and nothing is kept for it elsewhere.
        self._canvas.addLiteral(
            f"q 0 g {side:.3f} 0 0 {side:.3f} {x:.3f} {y:.3f} cm BI {size} /IM true /BPC 1 /F /AHx ID {code.bits}> EI Q"
        )

    def logo(self, box: Box, across: float = 0.0, down: float = 0.5) -> None:
        """The house's logo as large as it fits, or its name where it has none."""
        if self._logo is None:
            how = Type(min(16.0, box.height * MM * 0.7), bold=True, ink=Ink.PRIMARY, across=across, down=down)
            self.text(box, self._style.house_name, how)
            return
        width, height = self._logo.getSize()
        scale = min(box.width / width, box.height / height)
        x = box.x + (box.width - width * scale) * across
        bottom = box.y + (box.height - height * scale) * down + height * scale
        size = {"width": width * scale * MM, "height": height * scale * MM}
        self._canvas.drawImage(self._logo, x * MM, self._height - bottom * MM, mask="auto", **size)

    def next_page(self) -> None:
        """Finishes the page; it is in the file from here on."""
        self._canvas.showPage()

    def finish(self) -> None:
        """Writes the rest. Every page must have been finished."""
        self._canvas.save()


def _logo_of(style: HouseStyle) -> ImageReader | None:
    return ImageReader(logo_pixels(style.logo)) if style.logo else None
