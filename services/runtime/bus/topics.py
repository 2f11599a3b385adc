"""Balcon's topics (docs/architecture.md, section 5). Plain data: names, partition counts, what each keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CATALOGUE: Final = "balcon.catalogue.v1"
AVAILABILITY: Final = "balcon.inventory.availability.v1"  # latest counts per performance; no sequence
ORDERS: Final = "balcon.orders.v1"
PAYMENTS: Final = "balcon.payments.v1"
CONSENTS: Final = "balcon.consents.v1"  # key = customer
ACCOUNTS: Final = "balcon.accounts.v1"  # key = house; what a house says of itself, only the latest is kept
ALLOTMENTS: Final = "balcon.inventory.allotments.v1"
TICKETS: Final = "balcon.tickets.v1"
ACTS: Final = "balcon.acts.v1"  # key = house
ACCESS: Final = "balcon.access.v1"  # key = subject; what makes tokens void before they are over
FUNNEL: Final = "balcon.funnel.v1"  # key = session

# A count is never raised: keys would change their partition, and with it their order.
TOPICS: Final[Mapping[str, int]] = {
    CATALOGUE: 4,
    AVAILABILITY: 8,
    ORDERS: 8,
    PAYMENTS: 8,
    CONSENTS: 4,
    ACCOUNTS: 4,
    ALLOTMENTS: 4,
    TICKETS: 4,
    ACTS: 4,
    ACCESS: 4,
    FUNNEL: 4,
}
# What a topic keeps (docs/decisions/0010-history-is-kept-for-good.md): everything, for whoever starts at event 1 ...
# ... but of these only each key's latest message,
COMPACTED: Final = frozenset({ACCOUNTS, AVAILABILITY})
# ... and these so long: nobody ever starts at the beginning of a visit to the shop.
# No token lives longer than minutes, and so does nothing that makes one void.
KEPT_SECONDS: Final[Mapping[str, int]] = {FUNNEL: 30 * 86_400, ACCESS: 86_400}

DEAD_LETTER_SUFFIX: Final = ".dlq"
DEAD_LETTER_PARTITIONS: Final = 4


def dead_letter_topic(topic: str, group: str) -> str:
    """Where `group` parks what it cannot apply from `topic`."""
    return f"{topic}.{group}{DEAD_LETTER_SUFFIX}"
