"""Sessions are kept by stack in a file of one's own, and passwords nowhere."""

import stat
from pathlib import Path

import pytest

from services.console.house.logins import Login, Logins, NotLoggedIn


def test_a_login_is_kept_for_its_stack_alone_and_readable_by_nobody_else(tmp_path: Path) -> None:
    one, other = Logins(tmp_path / "balcon", "one"), Logins(tmp_path / "balcon", "other")
    one.write(Login("anna@x.example", "secret", "hse_1"))
    assert one.read() == Login("anna@x.example", "secret", "hse_1")
    with pytest.raises(NotLoggedIn):
        other.read()
    (file,) = (tmp_path / "balcon").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    other.write(Login("bo@x.example", "secret2"))
    one.forget()
    assert other.read().email == "bo@x.example"
    with pytest.raises(NotLoggedIn):
        one.read()


def test_a_file_that_others_could_read_is_closed_before_anything_is_in_it(tmp_path: Path) -> None:
    left = tmp_path / "logins.new"
    left.write_text("")
    left.chmod(0o644)
    Logins(tmp_path, "one").write(Login("anna@x.example", "secret"))
    assert stat.S_IMODE((tmp_path / "logins.json").stat().st_mode) == 0o600
