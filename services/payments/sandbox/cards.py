"""The test cards and what the sandbox does with each: the one table. The pay page and GET /v1/test_cards show it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Behaviour(Enum):
    """How a payment goes on once its card is known."""

    PAYS = "pays"
    DECLINES = "declines"
    TIMES_OUT = "times_out"
    PAYS_LATE = "pays_late"
    SENDS_TWICE = "sends_twice"
    OUT_OF_ORDER = "out_of_order"
    ERRORS = "errors"
    NO_WEBHOOK = "no_webhook"


@dataclass(frozen=True, slots=True)
class TestCard:
    """A card number of 16 digits and its story."""

    number: str
    behaviour: Behaviour
    story: str

    @property
    def spaced(self) -> str:
        """The number as it is printed on cards."""
        return " ".join(self.number[at : at + 4] for at in range(0, len(self.number), 4))


CARDS = (
    TestCard("4242424242424242", Behaviour.PAYS, "Pays at once."),
    TestCard("4000000000000002", Behaviour.DECLINES, "Is declined (card_declined)."),
    TestCard(
        "4000000000000119",
        Behaviour.TIMES_OUT,
        "The page accepts it, then the API is silent about this payment for STALL_SECONDS; after that it is paid.",
    ),
    TestCard(
        "4000000000003220",
        Behaviour.PAYS_LATE,
        "Pays only PAY_LATE_SECONDS later, even if a cancel was confirmed in between. Its refund is as slow.",
    ),
    TestCard("4000000000005126", Behaviour.SENDS_TWICE, "Pays; every webhook is sent twice."),
    TestCard(
        "4000000000000259",
        Behaviour.OUT_OF_ORDER,
        "Pays; an older webhook (payment.processing) arrives after the success.",
    ),
    TestCard(
        "4000000000000341",
        Behaviour.ERRORS,
        "Pays; then the API answers 500 on the next calls about this payment, and on its first refund, which is done.",
    ),
    TestCard(
        "4000000000009995",
        Behaviour.NO_WEBHOOK,
        "Pays; no webhook is ever sent and no event listed: only asking tells.",
    ),
)

_BY_NUMBER = {card.number: card for card in CARDS}
_SEPARATORS = re.compile(r"[ -]")


def card_of(text: str) -> TestCard | None:
    """The test card with this number, typed with or without spaces; None for anything else."""
    return _BY_NUMBER.get(_SEPARATORS.sub("", text[:64]))


def fingerprint_of(behaviour: str) -> str:
    """What tells that two payments were paid with one card; "" until a card is known."""
    return f"fpr_{behaviour}" if behaviour else ""


class CreationScript(Enum):
    """How POST /v1/payments goes wrong before there is a card."""

    ERROR_AFTER = "error_after"  # made, answers 500, and replays that 500 for the same key
    ERROR_BEFORE = "error_before"  # not made, answers 500 twice; the third try is made
    SILENCE_AFTER = (
        "silence_after"  # made, the answer does not come for STALL_SECONDS; the same key is answered at once
    )
    REFUSE = "refuse"  # 422, not made


# Asked for by header X-Sandbox-Script, by metadata.sandbox_script, or by an amount that no order has.
SCRIPT_HEADER = "x-sandbox-script"
SCRIPT_METADATA = "sandbox_script"
SCRIPT_AMOUNTS = {
    999_999_001: CreationScript.ERROR_AFTER,
    999_999_002: CreationScript.ERROR_BEFORE,
    999_999_003: CreationScript.SILENCE_AFTER,
    999_999_004: CreationScript.REFUSE,
}
ERRORS_BEFORE = 2
ERRORS_AFTER_PAYING = 3


def script_of(header: str, metadata: dict[str, str], amount_minor: int) -> CreationScript | None:
    """The script a creation asks for; unknown names ask for none."""
    wanted = header or metadata.get(SCRIPT_METADATA, "")
    for script in CreationScript:
        if script.value == wanted:
            return script
    return SCRIPT_AMOUNTS.get(amount_minor)
