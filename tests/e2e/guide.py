"""Runs docs/guide as it is written: its ```console blocks, in the order of the index, in one shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.mailchimp import KEY as MAILCHIMP_KEY
from tests.e2e.loaded_console import loaded_console
from tests.e2e.rig import ROOT, environment

GUIDE = ROOT / "docs/guide"
# Of the whole guide, each command of which is a process of its own: a bound of what never ends, no claim.
_GUIDE_SECONDS = 1_500.0
_REFUSED = "# refused"
_MARK = "@@ended"


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a page and what the page shows below it."""

    page: str
    command: str
    shown: str

    @property
    def is_refused(self) -> bool:
        """Whether the page says that the answer is no."""
        return self.command.endswith(_REFUSED)


@dataclass(frozen=True, slots=True)
class Done:
    """How a step went."""

    step: Step
    status: int
    said: str

    @property
    def told(self) -> str:
        """For the message of a failed assertion."""
        return f"{self.step.page}: $ {self.step.command}\nstatus {self.status}\n{self.said}"


def pages() -> list[Path]:
    """As the index lists them."""
    return [
        GUIDE / name
        for name in re.findall(r"^\d+\. \[[^]]+\]\(([^)]+)\)", (GUIDE / "index.md").read_text(), re.MULTILINE)
    ]


def steps() -> Iterator[Step]:
    """Every command of every page."""
    for page in pages():
        for block in re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, shown = part.partition("\n")
                yield Step(page.name, command.strip(), shown.strip())


def run_guide(folder: Path, data: Path, password: str) -> list[Done]:
    """Runs every step up to the first that does not go as its page says; what the last one said is told, too."""
    (folder / "bin").mkdir()
    shim = folder / "bin/balcon"
    key = folder / "mailchimp.key"
    key.write_text(f"{MAILCHIMP_KEY}\n")
    story = list(steps())
    script = folder / "guide.sh"
    script.write_text("".join(f"{step.command}\n{_ended(step)}\n" for step in story))
    own = {
        "PATH": f"{shim.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "BALCON_DATA": str(data),
        "BALCON_PASSWORD": password,
        "XDG_CONFIG_HOME": str(folder / "config"),
        # Of the account that the pretended MailChimp has (tests/doubles/mailchimp.py).
        "MAILCHIMP_KEY_FILE": str(key),
    }
    with loaded_console(environment()) as console:
        shim.write_text(f'#!/bin/sh\nexec {" ".join(console)} "$@"\n')
        shim.chmod(0o755)
        done = subprocess.run(
            ["bash", str(script)],
            env={**environment(), **own},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_GUIDE_SECONDS,
            check=False,
        )
    parts = re.split(rf"{_MARK} (\d+)\n", done.stdout)
    return [
        Done(step, int(parts[at + 1]), parts[at]) for step, at in zip(story, range(0, len(parts) - 1, 2), strict=False)
    ]


@contextmanager
def pretended_mailchimp() -> Iterator[dict[str, str]]:
    """A MailChimp of its own, while the block runs; the settings of a stack that speaks to it."""
    command = [sys.executable, "-u", "-m", "tests.doubles.mailchimp"]
    with subprocess.Popen(command, env=environment(), cwd=ROOT, stdout=subprocess.PIPE, text=True) as double:
        try:
            assert double.stdout is not None
            yield {"BALCON_MAILCHIMP_API_URL": double.stdout.readline().strip()}
        finally:
            double.terminate()


def _ended(step: Step) -> str:
    """Notes the status, and goes on only if it is the expected one."""
    return f'status=$?; echo "{_MARK} $status"; [ $status -eq {1 if step.is_refused else 0} ] || exit 9'
