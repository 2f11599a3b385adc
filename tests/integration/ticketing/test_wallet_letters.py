"""Letters with passes for wallets: where the deployment has accounts for them, and not where it has none."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.servers import DatabaseUrl
from services.ticketing.wallet.apple_pass import BUNDLE_TYPE, PASS_TYPE
from services.ticketing.wallet.google_link import LINK
from tests.doubles.mail_server import serving_mail
from tests.doubles.wallet_accounts import wallet_files, wallet_keys
from tests.integration.ticketing.letter_stage import posting


async def test_a_letter_has_the_passes_of_its_tickets_and_a_link_for_each(
    database_url: DatabaseUrl, clock: ShiftedClock, tmp_path: Path
) -> None:
    files = wallet_files(tmp_path, wallet_keys())
    accounts = {
        "apple_pass_file": str(files["pass"]),
        "apple_intermediate_file": str(files["wwdr"]),
        "google_wallet_issuer": "3388000000012345678",
        "google_wallet_account_file": str(files["google"]),
    }
    with serving_mail() as mail:
        async with posting(database_url("ticketing"), database_url(), mail, clock, **accounts) as post:
            await post.bought()
            assert await post.ended() == [("CONFIRMATION", "SENT")]
            [letter] = post.letters()
            codes = {code for (code,) in await post.ticketing.rows("SELECT code FROM tickets")}
    kept = {one.get_content_type(): one.get_content() for one in letter.iter_attachments()}
    with zipfile.ZipFile(io.BytesIO(kept[BUNDLE_TYPE])) as bundle:
        passes = [zipfile.ZipFile(io.BytesIO(bundle.read(name))) for name in bundle.namelist()]
    told = {json.loads(one.read("pass.json"))["barcodes"][0]["message"] for one in passes}
    assert told == codes
    text = letter.get_body(("plain",))
    assert text is not None
    assert text.get_content().count(LINK) == len(codes)


async def test_without_accounts_there_are_no_passes(database_url: DatabaseUrl, clock: ShiftedClock) -> None:
    with serving_mail() as mail:
        async with posting(database_url("ticketing"), database_url(), mail, clock) as post:
            await post.bought()
            assert await post.ended() == [("CONFIRMATION", "SENT")]
            [letter] = post.letters()
    assert not {PASS_TYPE, BUNDLE_TYPE} & {one.get_content_type() for one in letter.iter_attachments()}
    assert LINK not in letter.as_string()
