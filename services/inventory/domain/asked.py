"""What a hold's first command asked for: a copy of it gets the first answer, other content under its id is refused."""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.commands import HoldBestAvailable, HoldSeats
from services.inventory.domain.records import ASKED_UNTOLD, Hold

_encode = msgspec.json.Encoder().encode
# Of the fingerprint: two commands of one id are compared, nothing more.
_BYTES = 12


def is_copy(known: Hold, command: HoldSeats | HoldBestAvailable) -> bool:
    """Whether `known` came from this very command, wherever its seats and its end have gone since."""
    if command.holder_id != known.holder_id:
        return False
    if known.asked == ASKED_UNTOLD:
        return _looks_like(known, command)
    if known.asked:
        return known.asked == fingerprint(command)
    if not isinstance(command, HoldSeats) or must_be_told(command):
        return False
    asked = (command.seats, command.channel, command.ttl_ms)
    return asked == (known.seats, known.channel, known.asked_ttl_ms)


def must_be_told(command: HoldSeats) -> bool:
    """Whether the hold's own seats and channel do not say all that was asked for."""
    return command.overbook or bool(command.ticket_types)


def fingerprint(command: HoldSeats | HoldBestAvailable) -> str:
    """Equal for equal content. It is stored: what it is made of is spelled out, not left to the shape of a struct."""
    content: tuple[object, ...]
    if isinstance(command, HoldSeats):
        content = ("seats", command.seats, command.channel, command.ttl_ms)
        if must_be_told(command):
            content = (*content, command.ticket_types, command.overbook)
    else:
        groups = [_wishes(group) for group in command.groups]
        content = ("best", groups, command.channel, command.may_split, command.ttl_ms)
    return blake2b(_encode(content), digest_size=_BYTES).hexdigest()


def asked_before_it_moved(hold: Hold) -> str:
    """What to keep with a hold whose seats change: until now they told it themselves."""
    return hold.asked or fingerprint(
        HoldSeats(hold.hold_id, hold.holder_id, hold.seats, hold.channel, hold.asked_ttl_ms)
    )


def _wishes(group: SeatGroup) -> tuple[object, ...]:
    # In whatever order the names came.
    return group.size, sorted(group.categories), sorted(group.zones), group.accessible


def _looks_like(known: Hold, command: HoldSeats | HoldBestAvailable) -> bool:
    if isinstance(command, HoldSeats):
        return known.seats == command.seats
    return len(known.seats) == sum(group.size for group in command.groups)
