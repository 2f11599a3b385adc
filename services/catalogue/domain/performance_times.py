"""When a performance is: doors, start, end, admission, sales windows; what is wrong with them, and how they shift.

Instants are unix milliseconds; 0 is not said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from services.contracts.channels import Channel
from services.contracts.house_time import NoSuchLocalTime, shifted
from services.contracts.instants import instant_text, refused_instant
from services.runtime.errors import UNSET, FieldInvalid

_CHANNELS = ", ".join(channel.value for channel in Channel)


class Admission(Enum):
    """When people are let in (R4.2). Values are what the store keeps."""

    AT_START = "at_start"
    SLOT = "slot"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class SalesWindow:
    """When a channel sells, once the sale is open; `channel` is None where the caller named none that is known."""

    channel: Channel | None
    opens_at_ms: int = 0
    closes_at_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """All that follows a performance to a new start."""

    starts_at_ms: int
    doors_at_ms: int = 0
    ends_at_ms: int = 0
    # The hours of a day's admission.
    opens_at_ms: int = 0
    closes_at_ms: int = 0
    # From then on nothing is held online; staff's channels go on.
    sale_ends_at_ms: int = 0
    sales_windows: tuple[SalesWindow, ...] = ()


class Timed(Protocol):
    """What has times: a performance, or the terms of a new one."""

    @property
    def times(self) -> Times: ...

    @property
    def admission(self) -> Admission | None: ...


def faults_of_times(timed: Timed) -> Iterator[FieldInvalid | None]:
    """All that is wrong with the times by themselves and beside each other."""
    no_start = refused_instant("starts_at", timed.times.starts_at_ms)
    yield no_start
    if timed.admission is None:
        yield FieldInvalid("admission", "is not known", ", ".join(each.name for each in Admission))
    yield from faults_of_each(timed.times)
    if no_start is None:
        yield from faults_beside_each_other(timed)


def faults_of_each(times: Times, within: str = "") -> Iterator[FieldInvalid | None]:
    """What is wrong with each but the start, whatever the others are. `within` leads to the fields."""
    yield refused_instant(f"{within}doors_at", times.doors_at_ms, may_be_unset=True)
    yield refused_instant(f"{within}ends_at", times.ends_at_ms, may_be_unset=True)
    yield refused_instant(f"{within}sale_ends_at", times.sale_ends_at_ms, may_be_unset=True)
    if times.opens_at_ms or times.closes_at_ms:
        yield refused_instant(f"{within}opening_hours.opens_at", times.opens_at_ms)
        yield refused_instant(f"{within}opening_hours.closes_at", times.closes_at_ms)
        if 0 < times.closes_at_ms <= times.opens_at_ms:
            limit = f"after {instant_text(times.opens_at_ms)}"
            yield FieldInvalid(f"{within}opening_hours.closes_at", "is not after the opening", limit)
    yield from _faults_of_windows(times.sales_windows, f"{within}sales_windows")


def faults_beside_each_other(timed: Timed, within: str = "") -> Iterator[FieldInvalid]:
    """What is wrong with the times, each of which is a good one, beside the start and the admission."""
    times = timed.times
    start = instant_text(times.starts_at_ms)
    if times.doors_at_ms > times.starts_at_ms:
        yield FieldInvalid(f"{within}doors_at", "is after the start", f"at most {start}")
    if 0 < times.ends_at_ms <= times.starts_at_ms:
        yield FieldInvalid(f"{within}ends_at", "is not after the start", f"after {start}")
    if timed.admission is Admission.SLOT and not times.ends_at_ms:
        yield FieldInvalid(f"{within}ends_at", UNSET, "set where admission is a time slot")
    has_hours = bool(times.opens_at_ms or times.closes_at_ms)
    if timed.admission is Admission.DAY and not has_hours:
        yield FieldInvalid(f"{within}opening_hours", UNSET, "set where admission is a day")
    if timed.admission not in {Admission.DAY, None} and has_hours:
        yield FieldInvalid(f"{within}opening_hours", "is set", "unset unless admission is a day")


def _faults_of_windows(windows: tuple[SalesWindow, ...], at: str) -> Iterator[FieldInvalid | None]:
    if len(windows) > len(Channel):
        yield FieldInvalid(at, f"has {len(windows):,} windows", "at most one a channel")
        return
    seen: set[Channel] = set()
    for index, window in enumerate(windows):
        field = f"{at}[{index}]"
        if window.channel is None:
            yield FieldInvalid(f"{field}.channel", "is not a channel", _CHANNELS)
        elif window.channel in seen:
            yield FieldInvalid(f"{field}.channel", f"{window.channel.value} is there twice", "once a channel")
        else:
            seen.add(window.channel)
        yield refused_instant(f"{field}.opens_at", window.opens_at_ms, may_be_unset=True)
        yield refused_instant(f"{field}.closes_at", window.closes_at_ms, may_be_unset=True)
        if 0 < window.closes_at_ms <= window.opens_at_ms:
            limit = f"after {instant_text(window.opens_at_ms)}"
            yield FieldInvalid(f"{field}.closes_at", "is not after its opening", limit)


def online_opens_at_ms(times: Times) -> int:
    """When the online window opens; 0: no window keeps it shut."""
    return next((window.opens_at_ms for window in times.sales_windows if window.channel is Channel.ONLINE), 0)


def times_at(times: Times, zone: str, starts_at_ms: int, opened_by_ms: int = 0) -> Times | list[FieldInvalid]:
    """The times at a new start, each as far from it as it was, by the clock on the house's wall (R2.4, R2.10).

    A sales window that had opened by `opened_by_ms` keeps its opening, so that a running sale is not interrupted; 0
    shifts all. Faults name what daylight saving skips or doubles there.
    """
    faults: list[FieldInvalid] = []

    def at(field: str, ms: int) -> int:
        found = shifted(zone, ms, from_ms=times.starts_at_ms, to_ms=starts_at_ms) if ms else 0
        if isinstance(found, NoSuchLocalTime):
            faults.append(found.fault(field))
            return 0
        return found

    windows = tuple(
        SalesWindow(
            window.channel,
            window.opens_at_ms
            if window.opens_at_ms <= opened_by_ms
            else at(f"sales_windows[{index}].opens_at", window.opens_at_ms),
            at(f"sales_windows[{index}].closes_at", window.closes_at_ms),
        )
        for index, window in enumerate(times.sales_windows)
    )
    new = Times(
        starts_at_ms=starts_at_ms,
        doors_at_ms=at("doors_at", times.doors_at_ms),
        ends_at_ms=at("ends_at", times.ends_at_ms),
        opens_at_ms=at("opening_hours.opens_at", times.opens_at_ms),
        closes_at_ms=at("opening_hours.closes_at", times.closes_at_ms),
        sale_ends_at_ms=starts_at_ms
        if times.sale_ends_at_ms == times.starts_at_ms
        else at("sale_ends_at", times.sale_ends_at_ms),
        sales_windows=windows,
    )
    return faults or new
