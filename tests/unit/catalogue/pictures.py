"""Pictures for posters: as designers send them, and as nobody should."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

# Hidden in everything of a file that is not its pixels.
MARKER = "SECRET-MARKER-52.3702N-4.8952E"
_ORIENTATION, _DESCRIPTION, _GPS = 0x0112, 0x010E, 0x8825
RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 160, 60), (40, 60, 200), (230, 200, 40)
# How a camera's pixels lie when it was held so; `transpose` undoes what a viewer does.
_LYING = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def scene(width: int = 900, height: int = 1_200) -> Image.Image:
    """Something like a poster: its quarters red and green above, blue and yellow below, with a stage and letters."""
    picture = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(picture)
    for quarter, colour in enumerate((RED, GREEN, BLUE, YELLOW)):
        left, top = (quarter % 2) * width // 2, (quarter // 2) * height // 2
        draw.rectangle((left, top, left + width // 2, top + height // 2), fill=colour)
    middle = (width // 3, height // 3, 2 * width // 3, 2 * height // 3)
    draw.ellipse(middle, fill=(250, 240, 220), outline=(20, 20, 20), width=max(1, width // 100))
    draw.text((width // 3, height // 2 - height // 40), "HAMLET", fill=(10, 10, 10), font_size=max(8, width // 12))
    return picture


def jpeg(picture: Image.Image, orientation: int = 1, **options: Any) -> bytes:
    """As a camera writes it: turned, with a place and a description in it."""
    lying = _LYING[orientation]
    turned = picture if lying is None else picture.transpose(lying)
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    exif[_DESCRIPTION] = MARKER
    exif.get_ifd(_GPS)[29] = MARKER
    out = io.BytesIO()
    turned.save(out, "JPEG", exif=exif, comment=MARKER.encode(), **options)
    return out.getvalue()


def png(picture: Image.Image, **options: Any) -> bytes:
    """With text chunks of every kind."""
    texts = PngInfo()
    texts.add_text("Comment", MARKER)
    texts.add_text("Author", MARKER, zip=True)
    texts.add_itxt("XML:com.adobe.xmp", MARKER)
    out = io.BytesIO()
    picture.save(out, "PNG", pnginfo=texts, **options)
    return out.getvalue()


def gif(*frames: Image.Image) -> bytes:
    """Animated where there are more frames than one."""
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], comment=MARKER.encode(), duration=50)
    return out.getvalue()


def other(picture: Image.Image, format_name: str) -> bytes:
    """What is a picture and not taken."""
    out = io.BytesIO()
    picture.save(out, format_name)
    return out.getvalue()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_bomb(side: int = 30_000) -> bytes:
    """So many pixels on each side, all black: a well formed file of some 20 kB, 900 million pixels."""
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + (side + 7) // 8)
    packed = b"".join([*(packer.compress(row) for _ in range(side)), packer.flush()])
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    # Deflate squeezes zeros by a thousand; the rest is announced and not there.
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed[:20_000]) + _chunk(b"IEND", b"")


def text_bomb(kind: bytes) -> bytes:
    """A small picture with a text or a profile that is 50 MB large once it is unpacked."""
    whole = png(scene(50, 50))
    bomb = _chunk(kind, b"name\0\0" + zlib.compress(b"a" * 50_000_000, 9))
    return whole[:33] + bomb + whole[33:]


def jpeg_bomb(side: int = 30_000) -> bytes:
    """A small JPEG whose header says that it is huge."""
    content = bytearray(jpeg(scene(16, 16)))
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", side, side)
    return bytes(content)


def gif_bomb(side: int = 30_000) -> bytes:
    """A small screen whose first frame is larger than it."""
    content = bytearray(gif(scene(16, 16)))
    at = content.index(b",", content.index(b"\x21\xfe") if b"\x21\xfe" in content else 13)
    while content[at + 1 : at + 9] != b"\0\0\0\0" + struct.pack("<HH", 16, 16):
        at = content.index(b",", at + 1)
    content[at + 5 : at + 9] = struct.pack("<HH", side, side)
    return bytes(content)
