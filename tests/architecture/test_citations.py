"""Rules that are cited by number can be looked up in docs/, and every proof that docs/rules.md names exists."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RULES, DOMAIN, ARCHITECTURE = (ROOT / "docs" / name for name in ("rules.md", "domain.md", "architecture.md"))

# "RULE 13", "RULES 3, 4, 36", "RULES 19 to 21", "RULE 8, RULE 9", "RULE 8, 25": the numbers that belong to the word.
NUMBERED = r"\b{word}S? (\d+(?:(?:, | and | to )\d+(?![\d%.]*\s*(?:ms|s|seats)\b))*)"
SPELLED = {"RULE": "RULE", "TRAP": "TRAP", "style rule": "[Ss]tyle rule"}
# Generated code, figures of a run and the pages themselves cite nothing.
SKIPPED = ("protos/gen/", "bench/results/", "docs/rules.md", "docs/domain.md")


def cited(text: str) -> set[str]:
    """`RULE 13`, `TRAP 7`, `style rule 3`, `R4.4`, `INV-2`: what the text cites, ranges and lists spelled out."""
    found = set(re.findall(r"\bINV-\d+", text)) | {
        f"R{number}" for number in re.findall(r"(?<![\w.])R(\d\.\d+)\b", text)
    }
    for name, word in SPELLED.items():
        for numbers in re.findall(NUMBERED.replace("{word}S", f"{word}[Ss]"), text):
            found |= {f"{name} {number}" for number in spelled_out(numbers)}
    return found


def spelled_out(numbers: str) -> set[int]:
    """ "19 to 21" is 19, 20, 21; "3, 4 and 36" is 3, 4, 36."""
    whole: set[int] = set()
    for part in re.split(", | and ", numbers):
        first, _, last = part.partition(" to ")
        whole |= set(range(int(first), int(last or first) + 1))
    return whole


def defined() -> set[str]:
    rules = {
        name.rstrip() for name in re.findall(r"^\| ((?:RULE|TRAP|style rule) \d+) ", RULES.read_text(), re.MULTILINE)
    }
    domain = set(re.findall(r"^- \*\*(R\d\.\d+)\*\* ", DOMAIN.read_text(), re.MULTILINE))
    invariants = set(re.findall(r"^- \*\*(INV-\d+)\*\* ", ARCHITECTURE.read_text(), re.MULTILINE))
    return rules | domain | invariants


def tracked_texts() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    kinds = {".py", ".md", ".proto", ".lua", ".toml", ".yml", ".sh", ".importlinter"}
    wanted = [
        name for name in listed if not name.startswith(SKIPPED) and (Path(name).suffix or Path(name).name) in kinds
    ]
    return [ROOT / name for name in wanted if (ROOT / name).exists() and (ROOT / name) != Path(__file__)]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("(RULE 13).", {"RULE 13"}),
        ("RULES 3, 4, 36", {"RULE 3", "RULE 4", "RULE 36"}),
        ("RULES 19 to 21", {"RULE 19", "RULE 20", "RULE 21"}),
        ("RULE 8, RULE 9", {"RULE 8", "RULE 9"}),
        ("RULE 8, 25)", {"RULE 8", "RULE 25"}),
        ("style rules 2, 10 and 12", {"style rule 2", "style rule 10", "style rule 12"}),
        ("R4.4, INV-2", {"R4.4", "INV-2"}),
        ("TRAP 27", {"TRAP 27"}),
    ],
)
def test_a_citation_is_read_in_every_form_that_is_used(text: str, rules: set[str]) -> None:
    assert cited(text) == rules


def test_every_citation_can_be_looked_up() -> None:
    known = defined()
    assert len(known) > 150
    lost = {}
    for path in tracked_texts():
        if unknown := cited(path.read_text()) - known:
            lost[str(path.relative_to(ROOT))] = sorted(unknown)
    assert not lost


def test_a_citation_of_a_rule_that_is_nowhere_would_be_noticed() -> None:
    assert cited("as RULE 99 says, and R9.1") - defined() == {"RULE 99", "R9.1"}


def test_every_proof_that_the_rules_name_exists() -> None:
    named = re.findall(r"`((?:tests|services|tools)/[^`]+)`", RULES.read_text())
    assert len(named) > 40
    assert not [name for name in named if not (ROOT / name).exists()]
