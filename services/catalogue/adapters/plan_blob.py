"""A seating plan as one compressed value of a row. The shape is versioned, so that old rows stay readable."""

from __future__ import annotations

import zlib

import msgspec

from services.catalogue.domain.seating_plan import SeatingPlan
from services.runtime.errors import Fatal

_SHAPE = b"\x01"
_LEVEL = 6
# A plan of 100,000 seats with the longest texts is far below; more is no plan of ours.
_MAX_UNPACKED_BYTES = 64 * 1024 * 1024
_DECODER = msgspec.msgpack.Decoder(SeatingPlan)


class PlanUnreadable(Fatal):
    """A stored seating plan is damaged or of a newer version of Balcon."""


def packed_plan(plan: SeatingPlan) -> bytes:
    """The plan's bytes, for `unpacked_plan`."""
    return _SHAPE + zlib.compress(msgspec.msgpack.encode(plan), _LEVEL)


def unpacked_plan(blob: bytes) -> SeatingPlan:
    """The plan that was packed. PlanUnreadable."""
    if blob[:1] != _SHAPE:
        raise PlanUnreadable(shape=blob[:1].hex())
    unpacking = zlib.decompressobj()
    try:
        packed = unpacking.decompress(blob[1:], _MAX_UNPACKED_BYTES)
        if not unpacking.eof:  # cut short, so its checksum was never reached; or larger than any plan
            raise PlanUnreadable(bytes=len(blob))
        return _DECODER.decode(packed)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise PlanUnreadable(bytes=len(blob)) from error


def packed_source(plan_json: bytes) -> bytes:
    """The imported document, zlib."""
    return zlib.compress(plan_json, _LEVEL)


def unpacked_source(blob: bytes) -> bytes:
    """The document that was packed. PlanUnreadable."""
    unpacking = zlib.decompressobj()
    try:
        document = unpacking.decompress(blob, _MAX_UNPACKED_BYTES)
    except zlib.error as error:
        raise PlanUnreadable(bytes=len(blob)) from error
    if not unpacking.eof:
        raise PlanUnreadable(bytes=len(blob))
    return document
