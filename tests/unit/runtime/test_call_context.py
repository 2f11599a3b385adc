"""What travels with a call: ids of a stranger's making, and time that only gets less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.call_context import (
    HOP_MARGIN_SECONDS,
    CallContext,
    deadline_after,
    outgoing,
    remaining_seconds,
)
from services.runtime.ids import SeededIds

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class StoppedClock:
    """A clock that stands at 100 seconds."""

    def now_ms(self) -> int:
        return 100_000

    def monotonic(self) -> float:
        return 100.0

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


class NoIds:
    """Ids that nobody should need."""

    def new_id(self, prefix: str) -> str:
        raise AssertionError(prefix)

    def new_secret(self) -> str:
        raise AssertionError


def received(*metadata: tuple[str, str | bytes]) -> CallContext:
    return CallContext(dict(metadata), None, SeededIds(1))


def ends_at(deadline: float | None) -> CallContext:
    return CallContext({}, deadline, NoIds())


def test_well_formed_ids_are_kept() -> None:
    call = CallContext({"x-request-id": "req_1", "traceparent": TRACE}, None, NoIds())
    assert (call.request_id, call.traceparent) == ("req_1", TRACE)


@given(st.text(max_size=100) | st.binary(max_size=100))
def test_whatever_a_stranger_sends_as_an_id_is_safe_to_log_and_to_send_on(value: str | bytes) -> None:
    call = received(("x-request-id", value), ("traceparent", value))
    assert 1 <= len(call.request_id) <= 64
    assert call.request_id.isascii()
    assert "\n" not in call.request_id
    assert call.traceparent in {"", value}
    next_call = received(*outgoing(call))
    assert (next_call.request_id, next_call.traceparent) == (call.request_id, call.traceparent)


def test_a_call_has_one_id_however_often_it_is_asked_for() -> None:
    call = received()
    assert call.request_id == call.request_id == dict(outgoing(call))["x-request-id"]


def test_an_id_that_nobody_asks_for_is_not_minted() -> None:
    call = ends_at(105.0)
    assert remaining_seconds(call, StoppedClock(), 9.0) < 5.0
    with pytest.raises(AssertionError, match="req"):
        _ = call.request_id


def test_nothing_is_carried_on_outside_a_call() -> None:
    assert outgoing(None) == []


@pytest.mark.parametrize(("remaining", "deadline"), [(5.0, 105.0), (None, None), (9e18, None)])
def test_the_deadline_is_on_the_clocks_scale(remaining: float | None, deadline: float | None) -> None:
    assert deadline_after(remaining, 100.0) == deadline


@given(st.floats(-10, 1_000), st.floats(0.001, 1_000))
def test_a_hop_gets_less_time_than_is_left_and_never_none(left: float, at_most: float) -> None:
    granted = remaining_seconds(ends_at(100.0 + left), StoppedClock(), at_most)
    assert 0 < granted <= at_most
    assert granted == 0.001 or granted <= left - HOP_MARGIN_SECONDS + 1e-9


def test_without_a_deadline_the_channels_own_limit_holds() -> None:
    assert remaining_seconds(ends_at(None), StoppedClock(), 7.0) == 7.0
    assert remaining_seconds(None, StoppedClock(), 7.0) == 7.0
