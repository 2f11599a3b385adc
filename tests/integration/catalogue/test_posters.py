"""Posters over real gRPC and PostgreSQL, made in a process of their own (R2.3)."""

from __future__ import annotations

import asyncio
import io
import math
import sys
from typing import Any

import grpc
import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from PIL import Image

from services.catalogue.adapters.pillow_poster_maker import AT_ONCE, WAITING, PillowPosterMaker, PosterProcessFailed
from services.catalogue.domain.poster import MAX_POSTER_BYTES, MAX_POSTER_PIXELS
from services.runtime.errors import FieldInvalid, Overloaded
from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import Catalogue
from tests.integration.catalogue.test_productions import made, read, signed_up
from tests.unit.catalogue.pictures import jpeg, other, png, png_bomb, scene


def set_poster(production: pb.Production, image: bytes, etag: str = "") -> pb.SetPosterRequest:
    return pb.SetPosterRequest(
        house_id=production.house_id,
        production_id=production.production_id,
        image=image,
        etag=etag or production.etag,
    )


def remove_poster(production: pb.Production) -> pb.RemovePosterRequest:
    return pb.RemovePosterRequest(
        house_id=production.house_id, production_id=production.production_id, etag=production.etag
    )


def get_poster(production: pb.Production, **more: Any) -> pb.GetPosterRequest:
    return pb.GetPosterRequest(house_id=production.house_id, production_id=production.production_id, **more)


async def test_r2_3_a_poster_is_set_listed_and_read_in_its_sizes(catalogue: Catalogue) -> None:
    house_id = await signed_up(catalogue)
    bare, before = await made(catalogue, house_id, "bare"), await made(catalogue, house_id, "k")
    after = (await catalogue.stub.SetPoster(set_poster(before, jpeg(scene(900, 1_200), 6)))).production
    assert [(size.width, size.height) for size in after.poster.sizes] == [(320, 427), (640, 853), (900, 1_200)]
    assert after.etag == '"2"'
    listed = await catalogue.stub.ListProductions(pb.ListProductionsRequest(house_id=house_id))
    assert list(listed.productions) == [after, bare]
    for asked, width in ((0, 900), (1, 320), (320, 320), (321, 640), (700, 900), (5_000, 900)):
        image = await catalogue.stub.GetPoster(get_poster(before, width=asked, version=after.poster.version))
        assert (image.size.width, image.version, image.media_type) == (width, after.poster.version, "image/jpeg")
        assert Image.open(io.BytesIO(image.image)).size == (image.size.width, image.size.height)
    act = (await catalogue.acts())[-1]
    assert (act.act, dict(act.facts)) == ("production.poster_set", {"version": after.poster.version})


async def test_the_same_picture_again_changes_nothing_and_another_one_replaces_it(catalogue: Catalogue) -> None:
    before = await made(catalogue, await signed_up(catalogue), "k")
    request = set_poster(before, png(scene()))
    first = (await catalogue.stub.SetPoster(request)).production
    assert (await catalogue.stub.SetPoster(request)).production == first
    lost = await refusal(catalogue.stub.SetPoster(set_poster(before, png(scene(700)))))
    assert lost.reason == "ETAG_STALE"
    second = (await catalogue.stub.SetPoster(set_poster(first, png(scene(100, 100))))).production
    assert second.poster.version != first.poster.version
    assert await catalogue.rows("SELECT width FROM poster_images") == [(100,)]
    gone = await refusal(catalogue.stub.GetPoster(get_poster(before, version=first.poster.version)))
    assert (gone.reason, gone.code) == ("POSTER_NOT_FOUND", grpc.StatusCode.NOT_FOUND)
    assert [act.act for act in await catalogue.acts()].count("production.poster_set") == 2


async def test_a_poster_is_removed_once(catalogue: Catalogue) -> None:
    before = await made(catalogue, await signed_up(catalogue), "k")
    there = (await catalogue.stub.SetPoster(set_poster(before, png(scene())))).production
    assert (await refusal(catalogue.stub.RemovePoster(remove_poster(before)))).reason == "ETAG_STALE"
    gone = (await catalogue.stub.RemovePoster(remove_poster(there))).production
    assert not gone.HasField("poster")
    assert (await catalogue.stub.RemovePoster(remove_poster(there))).production == gone == await read(catalogue, before)
    assert (await refusal(catalogue.stub.GetPoster(get_poster(before)))).reason == "POSTER_NOT_FOUND"
    assert [act.act for act in await catalogue.acts()].count("production.poster_removed") == 1


REFUSED: list[tuple[bytes, str, str]] = [
    (other(scene(), "WEBP"), "is a WebP", "a jpg, gif or png"),
    (png_bomb(), "30,000 x 30,000", "40,000,000 pixels"),
    (jpeg(scene())[:9_000], "damaged or cut off", "a jpg, gif or png"),
    (b"GIF89a" + b"\0" * MAX_POSTER_BYTES, "10,000,006 bytes", "10,000,000 bytes"),
]


async def test_r2_3_a_picture_that_is_refused_changes_nothing(catalogue: Catalogue) -> None:
    before = await made(catalogue, await signed_up(catalogue), "k")
    before = (await catalogue.stub.SetPoster(set_poster(before, png(scene())))).production
    for image, problem, limit in REFUSED:
        refused = await refusal(catalogue.stub.SetPoster(set_poster(before, image)))
        assert (refused.reason, refused.facts["field"]) == ("FIELD_INVALID", "image")
        assert problem in refused.facts["problem"]
        assert limit in refused.facts["limit"]
    assert await read(catalogue, before) == before
    request = pb.SetPosterRequest(house_id=before.house_id, image=b"%PDF")
    told = [violation.field for violation in (await refusal(catalogue.stub.SetPoster(request))).violations]
    assert told == ["production_id", "image", "etag"]


async def test_another_houses_poster_is_not_there(catalogue: Catalogue) -> None:
    production = await made(catalogue, await signed_up(catalogue), "k")
    production = (await catalogue.stub.SetPoster(set_poster(production, png(scene())))).production
    stranger = pb.Production()
    stranger.CopyFrom(production)
    stranger.house_id = await signed_up(catalogue, "torino")
    assert (await refusal(catalogue.stub.GetPoster(get_poster(stranger)))).reason == "POSTER_NOT_FOUND"
    for call in (
        catalogue.stub.SetPoster(set_poster(stranger, png(scene(50)))),
        catalogue.stub.RemovePoster(remove_poster(stranger)),
    ):
        assert (await refusal(call)).reason == "PRODUCTION_NOT_FOUND"
    assert await read(catalogue, production) == production


def running(code: str, seconds: float = 60.0) -> PillowPosterMaker:
    """A maker whose process runs this instead."""
    return PillowPosterMaker([sys.executable, "-c", code], seconds)


async def test_a_decoder_that_breaks_or_takes_too_long_is_the_pictures_fault() -> None:
    for maker in (
        running("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"),
        running("import sys; sys.stdin.buffer.read(); sys.exit(77)"),
        running("import signal; signal.pause()", seconds=0.2),
    ):
        made = await maker.images("image", png(scene()))
        assert isinstance(made, FieldInvalid)
        assert (made.field, made.problem) == ("image", "could not be read")


@pytest.mark.parametrize(
    "greed",
    [
        "process.poster_images = lambda *_: [][: len(bytearray(process.MEMORY_BYTES))]",
        "process.CPU_SECONDS = 1\nprocess.poster_images = lambda *_: [None for _ in iter(int, 1) if _]",
    ],
)
async def test_the_process_has_no_more_than_its_memory_and_time(greed: str) -> None:
    code = f"import services.catalogue.adapters.poster_process as process\n{greed}\nprocess.main()"
    made = await running(code, seconds=600.0).images("image", png(scene()))
    assert isinstance(made, FieldInvalid)
    assert made.problem == "could not be read"


async def test_the_largest_picture_fits_into_the_process() -> None:
    side = math.isqrt(MAX_POSTER_PIXELS)
    images = await PillowPosterMaker().images("image", png(Image.new("RGBA", (side, side))))
    assert isinstance(images, list)
    assert [image.width for image in images] == [320, 640, 1_280]


async def test_a_process_that_fails_for_a_reason_of_its_own_is_no_fault_of_the_picture() -> None:
    with pytest.raises(PosterProcessFailed, match="no such thing"):
        await running("raise RuntimeError('no such thing')").images("image", png(scene()))
    with pytest.raises(PosterProcessFailed):
        await PillowPosterMaker(["/nowhere/python"]).images("image", png(scene()))


async def test_a_crowd_of_pictures_is_told_to_come_again() -> None:
    maker = running("import signal; signal.pause()")
    waiting = [asyncio.ensure_future(maker.images("image", b"")) for _ in range(AT_ONCE + WAITING)]
    # Tasks begin in their order.
    assert isinstance(await asyncio.ensure_future(maker.images("image", b"")), Overloaded)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_the_process_is_given_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALCON_SECRET", "x")
    code = "import os, sys; sys.exit('it is here') if 'BALCON_SECRET' in os.environ else os.kill(os.getpid(), 9)"
    assert isinstance(await running(code).images("image", b""), FieldInvalid)
