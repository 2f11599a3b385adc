"""Ticket codes: a fixed key gives a fixed code, what is changed is no code, and it fits a small QR that others read."""

from __future__ import annotations

import io

import pytest
import segno
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from services.contracts.bounds import MAX_SEAT_ID_CHARS
from services.contracts.ticket_codes import (
    MAX_CODE_CHARS,
    MAX_PERFORMANCE_CHARS,
    CodeFacts,
    DamagedCode,
    ForeignCode,
    ForgedCode,
    UnknownKey,
    base45,
    base45_bytes,
    checked_code,
    key_id_of,
    signed_code,
)
from services.runtime.ids import SeededIds

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key()
KEY_ID = key_id_of(PUBLIC.public_bytes_raw())
KEYS = {KEY_ID: PUBLIC}
IDS = SeededIds(11)
FACTS = CodeFacts(KEY_ID, "tkt_0000000001a2b3c4d5e6f7g8h9", "perf_00000000017zz5n2dk3m9q4wsx", "P-R12-S7")
CODE = (
    "B1:$+AWKB000000100K8AQ$68-KN1KFE4%/35$CH.C646646646646746R07AKF+-DCVCPM6ZB7LS6+QED21$W5*96%W56:6"
    "4VT51L7MD724*$TNZ6/KR42UJ*9VNV8TQ5KH%59YG2GJN-SATGTDOFNKR:T6JGDLF0OZSAM56PM53782E5FL5YRP+JUYPE0."
)
# 49 modules a side.
VERSION_8 = 8


def test_a_fixed_key_gives_a_fixed_code() -> None:
    assert signed_code(FACTS, PRIVATE) == CODE
    assert checked_code(CODE, KEYS) == FACTS


@pytest.mark.parametrize(
    ("data", "text"), [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"", "")]
)
def test_base45_is_the_one_of_rfc_9285(data: bytes, text: str) -> None:
    assert base45(data) == text
    assert base45_bytes(text) == data


@given(st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", max_size=12))
def test_no_two_texts_of_base45_are_the_same_bytes(text: str) -> None:
    read = base45_bytes(text)
    assert read is None or base45(read) == text


@pytest.mark.parametrize("text", ["a", "A", ":::", "::", "BB8B", "Ä00"])
def test_what_base45_never_writes_is_not_read(text: str) -> None:
    assert base45_bytes(text) is None


@pytest.mark.parametrize("place", range(3, len(signed_code(FACTS, PRIVATE)), 7))
def test_a_code_with_one_character_changed_is_no_code(place: int) -> None:
    code = signed_code(FACTS, PRIVATE)
    changed = code[:place] + ("0" if code[place] != "0" else "1") + code[place + 1 :]
    assert isinstance(checked_code(changed, KEYS), DamagedCode | ForgedCode | UnknownKey)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    assert isinstance(checked_code(f"B1:{base45(data)}.", KEYS), DamagedCode | ForgedCode | UnknownKey)


def test_a_code_of_another_key_is_unknown_and_one_that_claims_ours_is_forged() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    foreign = key_id_of(other.public_key().public_bytes_raw())
    honest = signed_code(CodeFacts(foreign, FACTS.ticket_id, FACTS.performance_id), other)
    assert checked_code(honest, KEYS) == UnknownKey(foreign)
    assert checked_code(signed_code(FACTS, other), KEYS) == ForgedCode()


def test_codes_of_a_rotated_key_are_good_while_it_is_told_and_not_after() -> None:
    newer = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    both = {**KEYS, key_id_of(newer.public_bytes_raw()): newer}
    code = signed_code(FACTS, PRIVATE)
    assert checked_code(code, both) == FACTS
    del both[KEY_ID]
    assert checked_code(code, both) == UnknownKey(KEY_ID)


@pytest.mark.parametrize("text", ["", "4006381333931", "https://other.example/t/1", "b1:abc.", " B1:0"])
def test_what_does_not_begin_like_ours_is_foreign(text: str) -> None:
    assert checked_code(text, KEYS) == ForeignCode()


@pytest.mark.parametrize("cut", [slice(0, -1), slice(0, -9), slice(0, 40), slice(0, 3)])
def test_a_code_that_is_cut_off_is_damaged(cut: slice) -> None:
    assert checked_code(signed_code(FACTS, PRIVATE)[cut], KEYS) == DamagedCode()


def longest(seat: str) -> str:
    facts = CodeFacts(KEY_ID, "tkt_7zzzzzzzzzzzzzzzzzzzzzzzzz", "p" * MAX_PERFORMANCE_CHARS, seat)
    return signed_code(facts, PRIVATE)


@pytest.mark.parametrize("seat", ["", "P-R12-S7", "x" * 14, "x" * 15, "x" * MAX_SEAT_ID_CHARS])
def test_a_code_fits_a_qr_of_49_modules_at_level_m(seat: str) -> None:
    code = longest(seat)
    assert len(code) <= MAX_CODE_CHARS
    symbol = segno.make_qr(code, error="m", boost_error=False)
    assert symbol.mode == "alphanumeric"
    assert int(symbol.version) <= VERSION_8
    read = checked_code(code, KEYS)
    assert isinstance(read, CodeFacts)
    assert read.seat_id in {seat, ""}


def test_the_seat_is_left_out_only_where_it_does_not_fit() -> None:
    fits, does_not = checked_code(longest("x" * 14), KEYS), checked_code(longest("x" * 15), KEYS)
    assert isinstance(fits, CodeFacts)
    assert isinstance(does_not, CodeFacts)
    assert (fits.seat_id, does_not.seat_id) == ("x" * 14, "")


def test_a_strangers_reader_reads_the_qr() -> None:
    picture = io.BytesIO()
    segno.make_qr(CODE, error="m", boost_error=False).save(picture, kind="png", scale=4, border=4)
    [found] = zxingcpp.read_barcodes(Image.open(picture))
    assert found.text == CODE


def test_ids_that_no_code_has_room_for_are_an_error() -> None:
    for wrong in (
        CodeFacts(KEY_ID, FACTS.ticket_id, "p" * (MAX_PERFORMANCE_CHARS + 1)),
        CodeFacts(KEY_ID, FACTS.ticket_id, ""),
        CodeFacts(KEY_ID, "ord_0000000001a2b3c4d5e6f7g8h9", "perf_1"),
        CodeFacts(KEY_ID, "tkt_short", "perf_1"),
    ):
        with pytest.raises(ValueError, match="id"):
            signed_code(wrong, PRIVATE)


def test_every_minted_id_comes_back() -> None:
    for _ in range(100):
        facts = CodeFacts(KEY_ID, IDS.new_id("tkt"), IDS.new_id("perf"), "A-1")
        assert checked_code(signed_code(facts, PRIVATE), KEYS) == facts
