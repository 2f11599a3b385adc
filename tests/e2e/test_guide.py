"""The guide is true: each of its commands does on a running stack what its page says."""

from pathlib import Path

import msgspec
import pytest

from services.console.stack.data_folder import make_temp_folder, remove_temp_folder
from services.runtime.ids import RandomIds
from tests.e2e.guide import GUIDE, pages, pretended_mailchimp, run_guide, steps
from tests.e2e.rig import Up, balcon, environment

pytestmark = pytest.mark.slow
PASSWORD = "a password for the guide"


def flat(text: str) -> str:
    """Without how it is broken into lines."""
    return " ".join(text.split())


def test_every_page_is_in_the_index() -> None:
    assert {page.name for page in pages()} | {"index.md"} == {page.name for page in GUIDE.glob("*.md")}


@pytest.mark.timeout(1_800)
def test_every_command_of_the_guide_does_what_its_page_says(tmp_path: Path) -> None:
    data = make_temp_folder(RandomIds())
    try:
        with pretended_mailchimp() as mailchimp, Up(data, settings=mailchimp):
            done = run_guide(tmp_path, data, PASSWORD)
            for each in done:
                assert each.status == (1 if each.step.is_refused else 0), each.told
                if each.step.is_refused:
                    assert each.step.shown and flat(each.step.shown) in flat(each.said), each.told
            assert len(done) == len(list(steps()))
            own = {**environment(), "XDG_CONFIG_HOME": str(tmp_path / "config"), "BALCON_DATA": str(data)}
            listed = balcon("house", "performance", "list", "--json", env=own)
            assert listed.status == 0, listed.told
            performances = msgspec.json.decode(listed.output)["performances"]
            assert "SALE_STATE_ON_SALE" in {each["sale_state"] for each in performances}
    finally:
        remove_temp_folder(data)
    kept = "".join(path.read_text() for path in (tmp_path / "config").rglob("*") if path.is_file())
    assert PASSWORD not in kept
