"""Every word of reports is there in every language, and no two headings of a report are the same."""

from __future__ import annotations

import pytest

from services.contracts.languages import LANGUAGES
from services.reporting.domain.report_kinds import Interval, ReportKind
from services.reporting.domain.report_words import Word
from services.reporting.handlers.reports.registry import TELLERS
from services.reporting.paper.spoken import said


@pytest.mark.parametrize("language", LANGUAGES)
def test_r3_7_every_word_is_spoken(language: str) -> None:
    for word in Word:
        assert said(word, language).strip()
        # Where a value goes is the same in all of them.
        assert said(word, language).count("{}") == said(word, "en").count("{}")


@pytest.mark.parametrize("kind", list(TELLERS))
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_headings_of_a_report_are_told_apart(kind: ReportKind, language: str) -> None:
    for for_promoter in (False, True):
        columns = TELLERS[kind].columns(Interval.DAY, for_promoter=for_promoter)
        headings = [said(column.word, language) for column in columns]
        assert len(set(headings)) == len(headings)


def test_titles_are_told_apart() -> None:
    for language in LANGUAGES:
        titles = [said(teller.title, language) for teller in TELLERS.values()]
        assert len(set(titles)) == len(titles)
