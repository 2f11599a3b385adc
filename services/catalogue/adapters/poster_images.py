"""Pictures into posters with Pillow: pixels are copied into new files, so that nothing else of a picture is kept.

Runs in a process of its own (poster_process), for it reads what strangers send. The same picture gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageCms, ImageFile, ImageOps

from services.catalogue.domain.poster import (
    MAX_HEIGHT_BY_WIDTH,
    MAX_IMAGE_BYTES,
    WIDTHS,
    PosterImage,
    PosterSize,
    kept_sizes,
    refused_content,
    refused_picture,
    refused_pixels,
)
from services.runtime.errors import FieldInvalid

_FORMATS = ("JPEG", "PNG", "GIF")
_ORIENTATION = 0x0112
# The last is small enough for noise.
_QUALITIES = (85, 70, 50, 20)
_WHITE = (255, 255, 255)
# Twice what is kept, on its longest side: what a JPEG may be decoded to, in an eighth of the time.
_DRAFT_SIDE = 2 * WIDTHS[-1] * MAX_HEIGHT_BY_WIDTH
# The limits are our own, looked at before anything is decoded, and named to whoever sent it.
Image.MAX_IMAGE_PIXELS = None
# The encoder optimizes within one buffer, which noise fills.
ImageFile.MAXBLOCK = WIDTHS[-1] * WIDTHS[-1] * MAX_HEIGHT_BY_WIDTH * 4


def poster_images(field: str, content: bytes) -> Sequence[PosterImage] | FieldInvalid:
    """The picture in each of its sizes, the smallest first, upright, on white."""
    if refusal := refused_picture(field, content):
        return refusal
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            if refusal := refused_pixels(field, *picture.size):
                return refusal
            turned = _orientation(picture)
            picture.draft(None, (_DRAFT_SIDE, _DRAFT_SIDE))
            picture.load()
            upright = _upright(picture, turned)
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError, Image.DecompressionBombError):
        # What Pillow's readers raise for files that are damaged.
        return refused_content(field, content)
    return [_image(upright, size) for size in kept_sizes(*upright.size)]


def _orientation(picture: Image.Image) -> int:
    """As the camera was held: 1 to 8, 1 is upright. Metadata that cannot be read says nothing."""
    try:
        said = picture.getexif().get(_ORIENTATION)
    except Exception:  # noqa: BLE001 (the parser of a format that every camera writes in its own way)
        return 1
    return said if isinstance(said, int) and 1 <= said <= 8 else 1


def _upright(picture: Image.Image, orientation: int) -> Image.Image:
    """A new RGB image of the first frame: not larger than the largest that is kept, turned, on white, in sRGB."""
    sideways = orientation >= 5
    width, height = picture.size[::-1] if sideways else picture.size
    largest = kept_sizes(width, height)[-1]
    box = (largest.height, largest.width) if sideways else (largest.width, largest.height)
    small = _straight(picture).resize(box, Image.Resampling.LANCZOS, reducing_gap=3.0)
    if small.mode == "RGBA":
        flat = Image.new("RGB", small.size, _WHITE)
        flat.paste(small, mask=small.getchannel("A"))
        small = flat
    colours = _in_srgb(small, picture.info.get("icc_profile"))
    if orientation != 1:
        colours.getexif()[_ORIENTATION] = orientation
        ImageOps.exif_transpose(colours, in_place=True)
    clean = Image.new("RGB", colours.size)
    clean.paste(colours)
    return clean


def _straight(picture: Image.Image) -> Image.Image:
    """The picture in a mode that can be resized well: L, RGB, RGBA or CMYK."""
    if picture.mode.startswith("I"):
        # 16 bits a pixel.
        return picture.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if "A" in picture.mode or "a" in picture.mode or "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture if picture.mode in {"L", "RGB", "CMYK"} else picture.convert("RGB")


def _in_srgb(image: Image.Image, profile: object) -> Image.Image:
    """The image in the colours that pages show: what a printer's profile says is put into the pixels."""
    if isinstance(profile, bytes) and profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")


def _image(upright: Image.Image, size: PosterSize) -> PosterImage:
    wanted = (size.width, size.height)
    sized = upright if upright.size == wanted else upright.resize(wanted, Image.Resampling.LANCZOS)
    content = b""
    for quality in _QUALITIES:
        out = io.BytesIO()
        # Letters on posters keep their edges: colours are not halved.
        sized.save(out, "JPEG", quality=quality, subsampling=0, optimize=True, progressive=True)
        content = out.getvalue()
        if len(content) <= MAX_IMAGE_BYTES:
            break
    return PosterImage(size.width, size.height, content)
