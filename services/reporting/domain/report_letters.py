"""What receivers of a report are written, and whoever is told that a schedule was stopped. Plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.runtime.mail.letter import LetterText


@dataclass(frozen=True, slots=True)
class ReportLetter:
    """`when` is the moment it was due, as the language writes it; `stop_url` '' where there is nothing to stop.

    `files` are attached; `left_out` were too large to be.
    """

    language: str
    report: str
    house: str
    when: str
    files: Sequence[str]
    left_out: Sequence[str]
    pages_url: str
    stop_url: str


@dataclass(frozen=True, slots=True)
class _Words:
    subject: str
    hello: str
    left_out: str
    stop: str
    stopped_subject: str
    stopped: str


_WORDS: Final[Mapping[str, _Words]] = {
    "en": _Words(
        subject="{report}, {when}",
        hello="{house} sends you the report “{report}”, as of {when}.",
        left_out="Too large for a mail; download it here: {pages_url}",
        stop="You no longer want this report? Stop it here:\n{stop_url}",
        stopped_subject="“{report}” is not sent any more",
        stopped=(
            "The report “{report}” of {house} reached nobody {failures} times in a row, so it is not sent any more.\n\n"
            "The last reason: {reason}\n\n"
            "Look at its receivers, then let the schedule {schedule} go on."
        ),
    ),
    "nl": _Words(
        subject="{report}, {when}",
        hello="{house} stuurt u het rapport “{report}”, stand {when}.",
        left_out="Te groot voor een mail; download het hier: {pages_url}",
        stop="Wilt u dit rapport niet meer ontvangen? Zet het hier stop:\n{stop_url}",
        stopped_subject="“{report}” wordt niet meer verstuurd",
        stopped=(
            "Het rapport “{report}” van {house} heeft {failures} keer achter elkaar niemand bereikt en wordt niet meer "
            "verstuurd.\n\nDe laatste reden: {reason}\n\n"
            "Kijk naar de ontvangers en zet het schema {schedule} daarna weer aan."
        ),
    ),
    "de": _Words(
        subject="{report}, {when}",
        hello="{house} schickt Ihnen den Bericht „{report}“, Stand {when}.",
        left_out="Zu groß für eine Mail; hier herunterladen: {pages_url}",
        stop="Sie möchten diesen Bericht nicht mehr? Hier abbestellen:\n{stop_url}",
        stopped_subject="„{report}“ wird nicht mehr verschickt",
        stopped=(
            "Der Bericht „{report}“ von {house} hat {failures}-mal in Folge niemanden erreicht und wird nicht mehr "
            "verschickt.\n\nDer letzte Grund: {reason}\n\n"
            "Prüfen Sie die Empfänger und setzen Sie den Zeitplan {schedule} dann fort."
        ),
    ),
    "nb": _Words(
        subject="{report}, {when}",
        hello="{house} sender deg rapporten «{report}», per {when}.",
        left_out="For stor for en e-post; last den ned her: {pages_url}",
        stop="Vil du ikke ha denne rapporten lenger? Stopp den her:\n{stop_url}",
        stopped_subject="«{report}» sendes ikke lenger",
        stopped=(
            "Rapporten «{report}» fra {house} nådde ingen {failures} ganger på rad og sendes ikke lenger.\n\n"
            "Den siste grunnen: {reason}\n\n"
            "Se på mottakerne, og la tidsplanen {schedule} fortsette."
        ),
    ),
}


def report_letter(letter: ReportLetter) -> LetterText:
    """The mail that goes with the files, and the ways to stop such mails with one click (RFC 2369, RFC 8058)."""
    words = _WORDS[letter.language]
    facts = {"report": letter.report, "house": letter.house, "when": letter.when}
    parts = [words.hello.format_map(facts)]
    if letter.files:
        parts.append("\n".join(f"- {name}" for name in letter.files))
    if letter.left_out:
        names = "\n".join(f"- {name}" for name in letter.left_out)
        parts.append(f"{names}\n{words.left_out.format(pages_url=letter.pages_url)}")
    headers: tuple[tuple[str, str], ...] = ()
    if letter.stop_url:
        parts.append(words.stop.format(stop_url=letter.stop_url))
        headers = (
            ("List-Unsubscribe", f"<{letter.stop_url}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        )
    return LetterText(_line(words.subject.format_map(facts)), "\n\n".join(parts) + "\n", headers)


@dataclass(frozen=True, slots=True)
class StopLetter:
    """Why a schedule was stopped. `reason` as the ledger has it."""

    language: str
    report: str
    house: str
    schedule: str
    failures: int
    reason: str


def stop_letter(letter: StopLetter) -> LetterText:
    """To whoever is told that a schedule was stopped."""
    words = _WORDS[letter.language]
    facts = {
        "report": letter.report,
        "house": letter.house,
        "schedule": letter.schedule,
        "failures": letter.failures,
        "reason": letter.reason,
    }
    return LetterText(_line(words.stopped_subject.format_map(facts)), words.stopped.format_map(facts) + "\n")


def _line(text: str) -> str:
    """A subject is one line, whatever a report is called."""
    return " ".join(text.split())
