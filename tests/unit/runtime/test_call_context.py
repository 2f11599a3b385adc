"""What travels with a call: ids of a stranger's making, and time that only gets less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.ids import SeededIds
from services.runtime.rpc.context import (
    HOP_MARGIN_SECONDS,
    CallContext,
    call_from,
    outgoing,
    remaining_seconds,
)

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class StoppedClock:
    """A clock that stands at 100 seconds."""

    def now_ms(self) -> int:
        return 100_000

    def monotonic(self) -> float:
        return 100.0

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


def received(*metadata: tuple[str, str | bytes], remaining: float | None = None) -> CallContext:
    return call_from(metadata, remaining, StoppedClock(), SeededIds(1))


def test_well_formed_ids_are_kept() -> None:
    call = received(("x-request-id", "req_1"), ("traceparent", TRACE))
    assert (call.request_id, call.traceparent) == ("req_1", TRACE)


@given(st.text(max_size=100) | st.binary(max_size=100))
def test_whatever_a_stranger_sends_as_an_id_is_safe_to_log_and_to_send_on(value: str | bytes) -> None:
    call = received(("x-request-id", value), ("traceparent", value))
    assert 1 <= len(call.request_id) <= 64
    assert call.request_id.isascii()
    assert "\n" not in call.request_id
    assert call.traceparent in {"", value}
    assert received(*outgoing(call)) == call


def test_nothing_is_carried_on_outside_a_call() -> None:
    assert outgoing(None) == []


@pytest.mark.parametrize(("remaining", "deadline"), [(5.0, 105.0), (None, None), (9e18, None)])
def test_the_deadline_is_on_the_clocks_scale(remaining: float | None, deadline: float | None) -> None:
    assert received(remaining=remaining).deadline == deadline


@given(st.floats(-10, 1_000), st.floats(0.001, 1_000))
def test_a_hop_gets_less_time_than_is_left_and_never_none(left: float, at_most: float) -> None:
    granted = remaining_seconds(CallContext("req", "", 100.0 + left), StoppedClock(), at_most)
    assert 0 < granted <= at_most
    assert granted == 0.001 or granted <= left - HOP_MARGIN_SECONDS + 1e-9


def test_without_a_deadline_the_channels_own_limit_holds() -> None:
    assert remaining_seconds(CallContext("req", "", None), StoppedClock(), 7.0) == 7.0
    assert remaining_seconds(None, StoppedClock(), 7.0) == 7.0
