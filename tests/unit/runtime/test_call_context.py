"""What travels with a call: ids of a stranger's making, time that only gets less, and the caller's credential."""

from contextvars import copy_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.call_context import (
    HOP_MARGIN_SECONDS,
    CallContext,
    act_as,
    current_call,
    current_principal,
    deadline_after,
    enter_call,
    outgoing,
    outside_call,
    own_account,
    remaining_seconds,
)
from services.runtime.ids import SeededIds
from services.runtime.principal import Principal, PrincipalKind, PrincipalRef

CREDENTIAL = "Bearer eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJwZXJzb25fMSJ9.c2lnbmF0dXJl"
OWN = "Bearer the-services-own"
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


def called_with(credential: str | bytes) -> CallContext:
    return CallContext({}, 105.0, SeededIds(1), credential)


def test_the_credential_is_carried_on_as_it_came() -> None:
    assert dict(outgoing(called_with(CREDENTIAL)))["authorization"] == CREDENTIAL


@given(st.text(max_size=100) | st.binary(max_size=100))
def test_what_has_not_the_form_of_a_credential_is_none(value: str | bytes) -> None:
    call = called_with(value)
    assert call.credential in {"", value}
    assert call.credential.isascii()
    assert "\n" not in call.credential
    assert dict(outgoing(call)).get("authorization", "") == call.credential


@pytest.mark.parametrize("credential", ["", "Bearer", "Bearer ", "Bearer two words", "Bearer x\n", "B " + "x" * 4_097])
def test_no_credential_is_carried_on_for_what_is_none(credential: str) -> None:
    assert "authorization" not in dict(outgoing(called_with(credential)))


def test_nothing_that_prints_a_call_prints_its_credential() -> None:
    call = called_with(CREDENTIAL)
    assert CREDENTIAL not in f"{call!r}{call}{call.metadata}"


def test_work_outside_of_a_call_has_the_services_own_credential_and_no_callers() -> None:
    def scene() -> None:
        act_as(lambda: OWN)
        enter_call(called_with(CREDENTIAL))
        assert outside_call().run(lambda: outgoing(current_call())) == [("authorization", OWN)]

    copy_context().run(scene)
    assert outgoing(None) == []


def test_the_services_own_credential_is_asked_for_with_each_call() -> None:
    def scene() -> None:
        credentials = iter(["Bearer first", "Bearer second"])
        act_as(lambda: next(credentials))
        assert [outgoing(None), outgoing(None)] == [
            [("authorization", "Bearer first")],
            [("authorization", "Bearer second")],
        ]

    copy_context().run(scene)


def test_a_caller_without_a_credential_is_never_lent_the_services_own() -> None:
    def scene() -> None:
        act_as(lambda: OWN)
        for credential in ("", "no-scheme", b"Bearer bytes"):
            assert "authorization" not in dict(outgoing(called_with(credential)))

    copy_context().run(scene)


def test_on_its_own_account_a_service_keeps_ids_and_deadline_and_leaves_the_caller_behind() -> None:
    def scene() -> None:
        act_as(lambda: OWN)
        call = CallContext({"x-request-id": "req_1", "traceparent": TRACE}, 105.0, NoIds(), CREDENTIAL)
        call.principal = Principal(PrincipalKind.STAFF, "person_1")
        enter_call(call)
        with own_account():
            assert current_principal() is None
            own = current_call()
            assert own is not None
            assert dict(outgoing(own)) == {"x-request-id": "req_1", "traceparent": TRACE, "authorization": OWN}
            assert own.deadline == 105.0
        assert current_call() is call
        assert current_principal() == PrincipalRef(PrincipalKind.STAFF, "person_1")

    copy_context().run(scene)


def test_the_own_account_outside_a_call_is_still_outside_one() -> None:
    with own_account():
        assert current_call() is None


def test_a_caller_whom_nobody_has_checked_is_no_principal() -> None:
    def scene() -> None:
        assert current_principal() is None
        enter_call(called_with(CREDENTIAL))
        assert current_principal() is None

    copy_context().run(scene)
