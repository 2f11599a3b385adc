"""What each buyer is going to do, decided beforehand from one seed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from services.runtime.ids import seeded_random


class Ending(Enum):
    """How a buyer's visit ends; those with a card are what the sandbox does with that card."""

    PAYS = "pays"
    DECLINED = "declined"
    TIMES_OUT = "times_out"
    PAYS_LATE = "pays_late"
    SENDS_TWICE = "sends_twice"
    OUT_OF_ORDER = "out_of_order"
    SERVER_ERRORS = "server_errors"
    NO_WEBHOOK = "no_webhook"
    ABANDONS_CART = "abandons_cart"
    ABANDONS_PAYMENT = "abandons_payment"


# Cards whose money is there at once, whatever goes wrong with telling of it.
PROMPT = frozenset({Ending.PAYS, Ending.SENDS_TWICE, Ending.OUT_OF_ORDER, Ending.SERVER_ERRORS})


class Change(Enum):
    """What a buyer does with a hold before ordering."""

    NONE = "none"
    EXTEND = "extend"
    MOVE = "move"
    RELEASE = "release"


_ENDINGS = {
    Ending.PAYS: 62,
    Ending.DECLINED: 8,
    Ending.TIMES_OUT: 3,
    Ending.PAYS_LATE: 5,
    Ending.SENDS_TWICE: 5,
    Ending.OUT_OF_ORDER: 4,
    Ending.SERVER_ERRORS: 3,
    Ending.NO_WEBHOOK: 1,
    Ending.ABANDONS_CART: 5,
    Ending.ABANDONS_PAYMENT: 4,
}
_CHANGES = {Change.NONE: 84, Change.EXTEND: 7, Change.MOVE: 6, Change.RELEASE: 3}
_SIZES = {1: 12, 2: 46, 3: 14, 4: 18, 5: 5, 6: 5}
# A stream each for every buyer would be a load of its own: a sample shows that the live map holds.
_WATCH_EVERY = 25
_MOST_WATCHERS = 300
# So many leave the choice to the house, and look at the map only when it finds nothing.
_BEST_EVERY = 4
_SEED_STRIDE = 1_000_003


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the sale runs, in seconds."""

    arrivals_seconds: float = 2.0
    shortest_patience_seconds: float = 12.0
    longest_patience_seconds: float = 26.0


@dataclass(frozen=True, slots=True)
class Script:
    """One buyer. `focus` is the favourite point of the hall, 0..1; times count from the opening."""

    buyer: int
    size: int
    ending: Ending
    change: Change
    focus: tuple[float, float]
    arrives_at_seconds: float
    leaves_at_seconds: float
    watches: bool
    takes_the_best: bool


def write_script(seed: int, buyer: int, pace: Pace) -> Script:
    """The same for the same seed, whoever asks and in which order."""
    random = seeded_random(seed * _SEED_STRIDE + buyer)
    arrives = random.random() * pace.arrivals_seconds
    return Script(
        buyer=buyer,
        size=random.choices(list(_SIZES), list(_SIZES.values()))[0],
        ending=random.choices(list(_ENDINGS), list(_ENDINGS.values()))[0],
        change=random.choices(list(_CHANGES), list(_CHANGES.values()))[0],
        focus=(random.random(), random.random()),
        arrives_at_seconds=arrives,
        leaves_at_seconds=arrives + random.uniform(pace.shortest_patience_seconds, pace.longest_patience_seconds),
        watches=buyer % _WATCH_EVERY == 0 and buyer // _WATCH_EVERY < _MOST_WATCHERS,
        takes_the_best=buyer % _BEST_EVERY == 1,
    )
