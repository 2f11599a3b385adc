"""The letters of a stack without a mail server are found by address, with the link that is in them."""

import os
from pathlib import Path

import pytest

from services.console.stack.letters import NoSuchLetter, letters_in, newest_link
from services.runtime.clock import SystemClock


class Hasty(SystemClock):
    """Waits for nothing: what is waited for passes at once."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        """See Clock."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        self._now += seconds


def write(folder: Path, name: str, to: str, link: str, at: int) -> None:
    """As services.accounts writes one: RFC 5322, lines that end in CR LF."""
    path = folder / "mail" / f"{name}.eml"
    path.parent.mkdir(exist_ok=True)
    head = f"To: {to}\r\nSubject: Come\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    path.write_bytes(f"{head}Accept here:\r\n{link}\r\n\r\nOnce.\r\n".encode())
    os.utime(path, (at, at))


async def test_the_newest_letters_link_is_told(tmp_path: Path) -> None:
    write(tmp_path, "b", "bo@x.example", "https://x.example/reset/bl_1", 1)
    write(tmp_path, "a", "Bo@x.example", "https://x.example/reset/bl_2", 2)
    write(tmp_path, "c", "cy@x.example", "https://x.example/reset/bl_3", 3)
    assert [letter.link[-4:] for letter in letters_in(tmp_path)] == ["bl_1", "bl_2", "bl_3"]
    assert await newest_link(tmp_path, "bo@x.example", Hasty()) == "https://x.example/reset/bl_2"


async def test_where_no_letter_comes_somebody_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoSuchLetter):
        await newest_link(tmp_path, "bo@x.example", Hasty())
