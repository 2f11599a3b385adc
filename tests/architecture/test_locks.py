"""The lock check finds what it is there for; the locks themselves are checked by `make check`."""

import pytest

from tools.check_locks import problems

HASH = "--hash=sha256:" + "0" * 64


def test_pinned_and_hashed_lines_are_clean() -> None:
    assert not list(problems(f"# a comment\nredis[hiredis]==8.1.0 \\\n    {HASH} \\\n    {HASH}\n    # via balcon\n"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--index-url https://somewhere.example/simple", "records an address"),
        (f"thing @ https://somewhere.example/thing.whl {HASH}", "records an address"),
        ("--find-links wheels", "records an address"),
        ("-i mirror", "records an address"),
        (f"thing>=1 {HASH}", "not pinned"),
        ("thing==1.0", "no hash"),
    ],
)
def test_lines_that_no_lock_may_have_are_named(line: str, said: str) -> None:
    (found,) = problems(line)
    assert said in found
