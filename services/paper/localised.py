"""Dates, times and money as the house's language writes them, by the clock on the house's wall."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_symbol

from services.contracts.house_time import local_of
from services.contracts.money import minor_digits

# Of services.contracts.languages.LANGUAGES; with the region whose clock and order of a date people expect.
LOCALES: Final = {"en": "en_GB", "nl": "nl_NL", "de": "de_DE", "nb": "nb_NO"}


def language_tag(language: str) -> str:
    """As a PDF names its language: en-GB."""
    return LOCALES[language].replace("_", "-")


@lru_cache(maxsize=1_024)
def day_text(ms: int, zone: str, language: str) -> str:
    """Saturday 12 December 2026."""
    return format_date(_local(ms, zone), "full", locale=_locale(language))


@lru_cache(maxsize=1_024)
def short_day_text(ms: int, zone: str, language: str) -> str:
    """12 Dec 2026."""
    return format_date(_local(ms, zone), "medium", locale=_locale(language))


@lru_cache(maxsize=1_024)
def weekday_text(ms: int, zone: str, language: str) -> str:
    """Sat 12 Dec 2026."""
    return format_skeleton("yMMMEd", _local(ms, zone), locale=_locale(language))


@lru_cache(maxsize=1_024)
def clock_text(ms: int, zone: str, language: str) -> str:
    """20:00."""
    return format_time(_local(ms, zone), "short", locale=_locale(language))


def weekday_moment_text(ms: int, zone: str, language: str) -> str:
    """Sat 12 Dec 2026, 20:00."""
    return f"{weekday_text(ms, zone, language)}, {clock_text(ms, zone, language)}"


def short_moment_text(ms: int, zone: str, language: str) -> str:
    """12 Dec 2026, 20:00."""
    return f"{short_day_text(ms, zone, language)}, {clock_text(ms, zone, language)}"


@lru_cache(maxsize=4_096)
def money_text(amount_minor: int, currency: str, language: str) -> str:
    """€ 25,00."""
    digits = minor_digits(currency)
    assert digits is not None, f"{currency} is no currency in use"
    return format_currency(Decimal(amount_minor).scaleb(-digits), currency, locale=_locale(language))


@lru_cache(maxsize=4_096)
def number_text(number: int, language: str) -> str:
    """20.000."""
    return format_decimal(number, locale=_locale(language))


# Of local times that are known already: tables have those.
@lru_cache(maxsize=4_096)
def date_text(day: date, language: str) -> str:
    """12 Dec 2026."""
    return format_date(day, "medium", locale=_locale(language))


@lru_cache(maxsize=4_096)
def short_date_text(day: date, language: str) -> str:
    """12 Dec: for the axis of a chart."""
    return format_skeleton("MMMd", day, locale=_locale(language))


@lru_cache(maxsize=1_024)
def month_text(day: date, language: str) -> str:
    """December 2026."""
    return format_skeleton("yMMMM", day, locale=_locale(language))


@lru_cache(maxsize=4_096)
def moment_text(local: datetime, language: str) -> str:
    """12 Dec 2026, 20:00."""
    return f"{date_text(local.date(), language)}, {format_time(local.time(), 'short', locale=_locale(language))}"


@lru_cache(maxsize=4_096)
def percent_text(ratio: float, language: str, decimals: int = 1) -> str:
    """66.7 %, with the locale's own mark."""
    number = f"#,##0.{'0' * decimals}" if decimals else "#,##0"
    pattern = _locale(language).percent_formats[None].pattern.replace("#,##0", number)
    return format_percent(ratio, format=pattern, locale=_locale(language))


@lru_cache(maxsize=1_024)
def share_text(basis_points: int, language: str) -> str:
    """7.25 %, with as many decimals as it has, of a share that is said in hundredths of a percent."""
    pattern = _locale(language).percent_formats[None].pattern.replace("#,##0", "#,##0.##")
    return format_percent(Decimal(basis_points).scaleb(-4), format=pattern, locale=_locale(language))


@lru_cache(maxsize=1_024)
def round_money_text(amount_minor: int, currency: str, language: str) -> str:
    """€ 25, without decimals: for the axis of a chart. Whole units only."""
    digits = minor_digits(currency)
    assert digits is not None, f"{currency} is no currency in use"
    pattern = money_pattern(language, 0)
    return format_currency(
        Decimal(amount_minor).scaleb(-digits), currency, pattern, locale=_locale(language), currency_digits=False
    )


@lru_cache
def money_pattern(language: str, digits: int) -> str:
    """As the locale writes money, ¤ where its sign goes, with so many decimals."""
    pattern = str(_locale(language).currency_formats["standard"].pattern)
    return pattern.replace("0.00", f"0.{'0' * digits}" if digits else "0")


@lru_cache
def currency_sign(currency: str, language: str) -> str:
    """€; CHF where there is none."""
    return get_currency_symbol(currency, locale=_locale(language))


@lru_cache
def _locale(language: str) -> Locale:
    return Locale.parse(LOCALES[language])


def _local(ms: int, zone: str) -> datetime:
    return local_of(zone, ms)
