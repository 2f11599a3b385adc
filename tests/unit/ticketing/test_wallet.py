"""Passes for wallets: what stands in them, that their sums and signatures hold, and what is refused at the start."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from PIL import Image

from services.contracts.languages import LANGUAGES
from services.paper.house_style import HouseStyle
from services.ticketing.adapters.wallet_signers import apple_account, google_account
from services.ticketing.paper.documents import Performance, Place, Ticket, TicketOrigin
from services.ticketing.wallet.apple_pass import apple_pass, bundle_of
from services.ticketing.wallet.google_link import LINK, google_link
from tests.doubles.wallet_accounts import EMAIL, wallet_files, wallet_keys

STYLE = HouseStyle("Circus Genova", "nl", "Europe/Amsterdam", "EUR", primary_color="#1F2A44")
TICKET = Ticket(
    "7H2KQ9XM",
    "B1:" + "A" * 190,
    Performance("Hamlet", 1_900_000_000_000, "Grote Zaal", "Prins", 1_899_998_200_000),
    Place("Parkett", "A", "12"),
    "normal",
    2_500,
    TicketOrigin.ORDER,
    "ord_1",
    "Geen toegang na aanvang.",
)


@pytest.fixture(scope="module")
def keys() -> dict[str, rsa.RSAPrivateKey]:
    return wallet_keys()


@pytest.fixture
def files(tmp_path: Path, keys: dict[str, rsa.RSAPrivateKey]) -> dict[str, Path]:
    return wallet_files(tmp_path, keys)


def _unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _items(der: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Tag, content and whole of each element of a DER sequence's content."""
    at = 0
    while at < len(der):
        tag, length, head = der[at], der[at + 1], 2
        if length & 0x80:
            head += length & 0x7F
            length = int.from_bytes(der[at + 2 : at + head])
        yield tag, der[at + head : at + head + length], der[at : at + head + length]
        at += head + length


def _signer_info(signature: bytes) -> list[tuple[int, bytes, bytes]]:
    """Of RFC 5652: ContentInfo, its SignedData, the last set in it, the one signer."""
    [(_, content, _)] = _items(signature)
    _, (_, explicit, _) = _items(content)
    [(_, signed, _)] = _items(explicit)
    *_, (_, infos, _) = _items(signed)
    [(_, info, _)] = _items(infos)
    return list(_items(info))


def sha1(content: bytes) -> str:
    """As Apple's format has it."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def test_a_pass_has_the_sums_of_its_files_and_a_signature_over_them(
    files: dict[str, Path], keys: dict[str, rsa.RSAPrivateKey]
) -> None:
    account, signer = apple_account(str(files["pass"]), str(files["wwdr"]))
    found = _unpacked(apple_pass(account, signer, STYLE, TICKET))
    signature = found.pop("signature")
    manifest = found.pop("manifest.json")
    assert json.loads(manifest) == {name: sha1(content) for name, content in found.items()}
    assert set(found) == {"pass.json", "icon.png", "icon@2x.png", "icon@3x.png"}
    attributes = next(whole for tag, _, whole in _signer_info(signature) if tag == 0xA0)
    signed = [content for tag, content, _ in _signer_info(signature) if tag == 0x04]
    assert hashlib.sha256(manifest).digest() in attributes
    assert bytes.fromhex("2a864886f70d010905") in attributes, "Apple wants the time of signing"
    keys["pass"].public_key().verify(signed[0], b"\x31" + attributes[1:], padding.PKCS1v15(), hashes.SHA256())
    names = {one.subject for one in pkcs7.load_der_pkcs7_certificates(signature)}
    assert len(names) == 2
    assert manifest not in signature, "the content stands beside it"


def test_a_pass_tells_what_the_door_scans_and_the_reader_asks(files: dict[str, Path]) -> None:
    account, signer = apple_account(str(files["pass"]), str(files["wwdr"]))
    told = json.loads(_unpacked(apple_pass(account, signer, STYLE, TICKET))["pass.json"])
    assert (told["passTypeIdentifier"], told["teamIdentifier"]) == ("pass.org.example.tickets", "TEAM123456")
    assert told["barcodes"][0]["message"] == TICKET.qr_text
    assert told["relevantDate"] == "2030-03-17T17:46:40+00:00"
    fields = {one["key"]: one["value"] for group in told["eventTicket"].values() for one in group}
    assert (fields["event"], fields["zone"], fields["row"], fields["seat"]) == ("Hamlet", "Parkett", "A", "12")
    assert fields["time"] == "18:46"
    assert told["foregroundColor"] == "rgb(255, 255, 255)"
    other = json.loads(_unpacked(apple_pass(account, signer, STYLE, replace(TICKET, qr_text="x")))["pass.json"])
    assert other["serialNumber"] != told["serialNumber"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_standing_place_is_told_as_one_in_every_language(files: dict[str, Path], language: str) -> None:
    account, signer = apple_account(str(files["pass"]), str(files["wwdr"]))
    ticket = replace(TICKET, place=Place("Arena", "", ""))
    told = json.loads(_unpacked(apple_pass(account, signer, replace(STYLE, language=language), ticket))["pass.json"])
    assert [one["key"] for one in told["eventTicket"]["auxiliaryFields"]] == ["zone", "standing"]


def test_a_house_with_a_logo_shows_it_and_its_initial_on_the_icon(files: dict[str, Path]) -> None:
    logo = io.BytesIO()
    Image.new("RGB", (900, 300), "#aa0000").save(logo, "PNG")
    account, signer = apple_account(str(files["pass"]), str(files["wwdr"]))
    found = _unpacked(apple_pass(account, signer, replace(STYLE, logo=logo.getvalue()), TICKET))
    assert Image.open(io.BytesIO(found["logo@2x.png"])).size == (300, 100)
    icon = Image.open(io.BytesIO(found["icon@3x.png"]))
    assert icon.size == (87, 87)
    assert len(icon.getcolors(10_000) or []) > 1, "a letter is on it"


def test_several_tickets_are_a_bundle_of_passes(files: dict[str, Path]) -> None:
    account, signer = apple_account(str(files["pass"]), str(files["wwdr"]))
    passes = [apple_pass(account, signer, STYLE, replace(TICKET, qr_text=str(place))) for place in range(3)]
    assert list(_unpacked(bundle_of(passes))) == ["ticket-1.pkpass", "ticket-2.pkpass", "ticket-3.pkpass"]


def test_a_certificate_with_another_key_or_another_issuer_is_refused_at_the_start(files: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="another key"):
        apple_account(str(files["mixed"]), str(files["wwdr"]))
    with pytest.raises(ValueError, match="did not issue"):
        apple_account(str(files["pass"]), str(files["stranger"]))


def test_a_google_link_has_the_whole_ticket_signed_and_nothing_else(
    files: dict[str, Path], keys: dict[str, rsa.RSAPrivateKey]
) -> None:
    account, signer = google_account("3388000000012345678", str(files["google"]))
    link = google_link(account, signer, STYLE, TICKET, 1_800_000_000_000)
    assert link is not None
    told = jwt.decode(
        link.removeprefix(LINK),
        keys["pass"].public_key(),
        algorithms=["RS256"],
        audience="google",
        options={"verify_iat": False},
    )
    assert (told["iss"], told["typ"], told["iat"]) == (EMAIL, "savetowallet", 1_800_000_000)
    [one], [show] = told["payload"]["eventTicketObjects"], told["payload"]["eventTicketClasses"]
    assert one["classId"] == show["id"]
    assert one["barcode"]["value"] == TICKET.qr_text
    assert show["dateTime"]["start"] == "2030-03-17T18:46:40+01:00"
    assert one["seatInfo"]["seat"]["defaultValue"]["value"] == "12"
    assert "venue" not in show, "a code of full length leaves no room for it"


def test_a_short_code_leaves_room_for_the_venue(files: dict[str, Path], keys: dict[str, rsa.RSAPrivateKey]) -> None:
    account, signer = google_account("3388000000012345678", str(files["google"]))
    link = google_link(account, signer, STYLE, replace(TICKET, qr_text="B1:" + "A" * 60), 1_800_000_000_000)
    assert link is not None
    told = jwt.decode(
        link.removeprefix(LINK),
        keys["pass"].public_key(),
        algorithms=["RS256"],
        audience="google",
        options={"verify_iat": False},
    )
    assert told["payload"]["eventTicketClasses"][0]["venue"]["name"]["defaultValue"]["value"] == "Grote Zaal"


def test_a_link_that_not_every_browser_opens_is_none(files: dict[str, Path]) -> None:
    account, signer = google_account("3388000000012345678", str(files["google"]))
    long = replace(TICKET, performance=replace(TICKET.performance, title="x" * 900))
    assert google_link(account, signer, STYLE, long, 1) is None


def test_what_is_no_account_of_googles_is_refused_at_the_start(files: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="no service account"):
        google_account("1", str(files["nothing"]))
