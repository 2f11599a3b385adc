"""CloudEvents headers: there and back, and whatever a stranger may send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.bus.port import Message
from services.runtime.outbox.event import IncomingEvent, OutgoingEvent
from services.runtime.outbox.faults import HeadersInvalid
from services.runtime.outbox.headers import to_event, to_message

words = st.text(min_size=1, max_size=20)
names = st.sampled_from(
    ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_sequence", "ce_houseid", "other"]
)
values = st.one_of(st.text(), st.sampled_from(["1.0", "0", "7", "2027-01-15T08:00:00.000Z", "2027-01-15", "²", "-1"]))
YEAR_9999_MS = 253_402_300_799_999


@given(words, words, words, st.binary(), words, words, st.integers(0, YEAR_9999_MS), st.integers(1, 10**18 - 1))
def test_an_event_comes_back_as_it_went(
    topic: str, key: str, kind: str, payload: bytes, house_id: str, event_id: str, time_ms: int, sequence: int
) -> None:
    outgoing = OutgoingEvent(topic, key, kind, payload, house_id)
    message = to_message(outgoing, event_id=event_id, source="balcon.test", time_ms=time_ms, sequence=sequence)
    expected = IncomingEvent(event_id, "balcon.test", topic, key, kind, payload, sequence, time_ms, house_id)
    assert to_event(message) == expected


def test_time_is_rfc_3339_in_utc() -> None:
    event = OutgoingEvent("t", "k", "balcon.test.Noted", b"", "house_1")
    message = to_message(event, event_id="evt_1", source="balcon.test", time_ms=1_800_000_000_123)
    assert message.headers["ce_time"] == "2027-01-15T08:00:00.123Z"
    assert to_event(message).sequence == 0


@given(st.integers(1, 10**18 - 1), st.integers(1, 10**18 - 1))
def test_sequences_order_as_texts_as_they_do_as_numbers(one: int, other: int) -> None:
    event = OutgoingEvent("t", "k", "balcon.test.Noted", b"", "house_1")
    texts = [
        to_message(event, event_id="e", source="s", time_ms=1, sequence=sequence).headers["ce_sequence"]
        for sequence in (one, other)
    ]
    assert (texts[0] < texts[1]) == (one < other)


def test_a_sequence_without_zeros_in_front_is_read_as_well() -> None:
    """Messages of an earlier version stay in their topics."""
    event = OutgoingEvent("t", "k", "balcon.test.Noted", b"", "house_1")
    message = to_message(event, event_id="evt_1", source="balcon.test", time_ms=1, sequence=1)
    assert to_event(Message("t", "k", b"", {**message.headers, "ce_sequence": "12"})).sequence == 12


@given(st.dictionaries(names, values), st.binary())
def test_headers_of_strangers_are_an_event_or_are_refused(headers: dict[str, str], payload: bytes) -> None:
    try:
        event = to_event(Message("t", "k", payload, headers))
    except HeadersInvalid:
        return
    assert (event.id, event.payload) == (headers["ce_id"], payload)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_specversion", "0.3"),
        ("ce_id", ""),
        ("ce_source", ""),
        ("ce_type", ""),
        ("ce_houseid", ""),
        ("ce_time", "yesterday"),
        ("ce_time", "2027-01-15T08:00:00"),
        ("ce_sequence", "-1"),
        ("ce_sequence", "1" * 19),
        ("ce_sequence", "²"),
    ],
)
def test_a_bad_header_is_named(name: str, value: str) -> None:
    event = OutgoingEvent("t", "k", "balcon.test.Noted", b"", "house_1")
    message = to_message(event, event_id="evt_1", source="balcon.test", time_ms=1, sequence=1)
    with pytest.raises(HeadersInvalid, match=name):
        to_event(Message("t", "k", b"", {**message.headers, name: value}))
