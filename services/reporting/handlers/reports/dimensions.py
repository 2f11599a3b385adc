"""How the values of the figures' dimensions are told: as words, names, rates. What is not known is told as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.contracts.bounds import NORMAL_TICKET_TYPE
from services.contracts.channels import Channel
from services.contracts.prices import WHOLE_BASIS_POINTS, ComponentKind
from services.paper.tables import CellKind, Share
from services.reporting.domain.report import ReportCell, ReportColumn
from services.reporting.domain.report_words import Word
from services.reporting.ports.figures import Dimension
from services.runtime.principal import PrincipalKind

COLUMNS: Final[Mapping[Dimension, ReportColumn]] = {
    Dimension.HALL: ReportColumn(Word.HALL),
    Dimension.CATEGORY: ReportColumn(Word.CATEGORY),
    Dimension.KIND: ReportColumn(Word.TICKET_KIND),
    Dimension.TICKET_TYPE: ReportColumn(Word.TICKET_TYPE),
    Dimension.CHANNEL: ReportColumn(Word.CHANNEL),
    Dimension.OFFICE: ReportColumn(Word.OFFICE),
    Dimension.SELLER_KIND: ReportColumn(Word.SELLER_KIND),
    Dimension.SELLER: ReportColumn(Word.SELLER),
    Dimension.SEAT: ReportColumn(Word.SEAT),
    Dimension.COMPONENT: ReportColumn(Word.COMPONENT),
    Dimension.VAT_CLASS: ReportColumn(Word.VAT_CLASS),
    Dimension.VAT_RATE: ReportColumn(Word.VAT_RATE, CellKind.PERCENT),
}
_KINDS: Final = {
    "normal": Word.KIND_NORMAL, "discount": Word.KIND_DISCOUNT, "free": Word.KIND_FREE, "other": Word.KIND_OTHER,
}  # fmt: skip
_WORDS: Final[Mapping[Dimension, Mapping[str, Word]]] = {
    Dimension.KIND: _KINDS,
    Dimension.TICKET_TYPE: {NORMAL_TICKET_TYPE: Word.NORMAL_TICKET},
    Dimension.CHANNEL: {channel.value: Word(channel.value.lower()) for channel in Channel},
    Dimension.COMPONENT: {kind.value: Word(kind.value) for kind in ComponentKind},
    Dimension.SELLER_KIND: {kind.value: Word(kind.value.lower()) for kind in PrincipalKind},
    Dimension.OFFICE: {"": Word.NONE},
    Dimension.VAT_CLASS: {"": Word.NONE},
}


def told(dimension: Dimension, value: str, names: Mapping[str, str]) -> ReportCell:
    """As a cell of COLUMNS; `names` by id."""
    if dimension is Dimension.VAT_RATE:
        return Share(int(value or 0), WHOLE_BASIS_POINTS)
    if dimension is Dimension.SELLER_KIND:
        value = value.upper()
    word = _WORDS.get(dimension, {}).get(value)
    return names.get(value, value) if word is None else word
