"""Deals and settlements as bytes: JSON, keys in order, without blanks. The same facts are the same bytes."""

from __future__ import annotations

from typing import Final

import msgspec

from services.reporting.domain.deal import Deal
from services.reporting.domain.settlement_document import SettlementDocument

_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_DEALS: Final = msgspec.json.Decoder(Deal)
_DOCUMENTS: Final = msgspec.json.Decoder(SettlementDocument)


def written_deal(deal: Deal) -> bytes:
    """To be kept."""
    return _ENCODER.encode(deal)


def read_deal(content: bytes) -> Deal:
    """What written_deal was given."""
    return _DEALS.decode(content)


def written_document(document: SettlementDocument) -> bytes:
    """To be signed and kept."""
    return _ENCODER.encode(document)


def read_document(content: bytes) -> SettlementDocument:
    """What written_document was given."""
    return _DOCUMENTS.decode(content)
