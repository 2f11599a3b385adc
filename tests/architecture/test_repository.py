"""What a fresh clone must have: scripts that run, promised targets, links that lead somewhere, nobody's paths."""

import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

SCRIPTS = (".ci/run", "tools/generate_protos.sh", "deploy/postgres/databases.sh")
TARGETS = ("demo", "test", "quick", "check", "proto", "release-protos", "docs", "bench", "sim", "chaos", "up", "down")
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md")),
)
RECIPE_LINES = 4
# Written in halves, so that this file does not find itself.
FOREIGN = (
    "/ro" + "ot/",
    "/wo" + "rk/",
    "/ho" + "me/",
    "py" + "pi.org",
    "python" + "hosted",
    "npm" + "js",
    "repo1.ma" + "ven",
)


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the repository that git knows, relative to the root."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return tuple(Path(name) for name in done.stdout.split("\0") if name and (ROOT / name).is_file())


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_can_be_run_and_parsed(script: str) -> None:
    path = ROOT / script
    assert os.access(path, os.X_OK)
    shell = path.read_text().splitlines()[0].rsplit(" ", 1)[-1].rsplit("/", 1)[-1]
    assert subprocess.run([shell, "-n", path], check=False).returncode == 0


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_exists_and_is_short(target: str) -> None:
    recipe = re.search(
        rf"^(?:[a-z -]*\b)?{target}\b[a-z -]*:.*\n((?:\t.*\n)*)", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    assert recipe is not None
    assert 1 <= recipe.group(1).count("\n") <= RECIPE_LINES


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_lead_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", (ROOT / page).read_text())
    assert not [link for link in links if "://" not in link and not (folder / link).exists()]


def test_every_decision_ends_with_what_enforces_it_and_is_listed() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    decisions = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert decisions
    for path in decisions:
        headings = re.findall(r"^## (.*)$", path.read_text(), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences", "Enforced by"], path.name
        assert f"({path.name})" in index


def test_no_file_names_one_persons_machine_or_a_package_index() -> None:
    found = []
    for path in tracked():
        try:
            text = (ROOT / path).read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{path}: {word}" for word in FOREIGN if word in text]
    assert not found


def test_paths_named_in_the_pages_exist() -> None:
    for page in ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/operations.md"):
        named = re.findall(
            r"`((?:services|tests|tools|deploy|protos|docs)/[A-Za-z0-9_./-]+)`", (ROOT / page).read_text()
        )
        assert not [path for path in named if not (ROOT / path).exists()], page
