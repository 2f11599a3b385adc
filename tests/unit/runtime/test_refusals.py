"""Every refusal of every service: a documented template, facts as text, one status, an ErrorInfo clients can read."""

import base64
import dataclasses
import importlib
import re
import string
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import quote
from uuid import UUID

import grpc
import pytest
from balcon.types.v1.refusals_pb2 import RefusedItems
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from google.rpc.error_details_pb2 import RetryInfo

from services.runtime.errors import Fatal, FieldInvalid, Kind, Overloaded, Refusal, Retryable, refused_fields
from services.runtime.rpc.errors import (
    DOMAIN,
    MAX_FACT_BYTES,
    MAX_FACTS_BYTES,
    MAX_MESSAGE_BYTES,
    STATUS_OF_KIND,
    status_of_fault,
    status_of_refusal,
)

ROOT = Path(__file__).resolve().parents[3]
# Some servers and clients refuse more than 8 KiB of metadata in all; gRPC's own keys want a little of it.
MAX_TRAILER_BYTES = 7_900
# What gRPC sends as it is in a status's message.
PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
DetailT = TypeVar("DetailT", bound=Message)


def load_every_service() -> None:
    """Imports each module of services.* that says Refusal, so that every subclass exists."""
    for path in sorted((ROOT / "services").rglob("*.py")):
        if "Refusal" in path.read_text() and "migrations" not in path.parts:
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def subclasses(of: type[Refusal]) -> Iterator[type[Refusal]]:
    for subclass in of.__subclasses__():
        if subclass.__module__.startswith("services."):
            yield subclass
        yield from subclasses(subclass)


def every_refusal() -> list[type[Refusal]]:
    load_every_service()
    # A slotted dataclass exists twice: as written, and as made anew with slots. The latter is the module's.
    real = {
        f"{found.__module__}.{found.__qualname__}": getattr(importlib.import_module(found.__module__), found.__name__)
        for found in subclasses(Refusal)
    }
    return [real[name] for name in sorted(real)]


REFUSALS = every_refusal()


def sample(annotation: Any) -> Any:
    """A value that a field of this type may have."""
    if get_origin(annotation) is UnionType or type(None) in get_args(annotation):
        return sample(next(part for part in get_args(annotation) if part is not type(None)))
    if get_origin(annotation) in {tuple, list, frozenset, set}:
        inner = get_args(annotation)[0]
        return get_origin(annotation)([sample(inner)])
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return next(iter(annotation))
    if annotation in {int, float, bool}:
        return annotation(3)
    if isinstance(annotation, type) and issubclass(annotation, Refusal):
        return made(annotation)
    if annotation is str:
        return "{braces} and %s"  # what a stranger sent never acts as a template
    return annotation


def made(refusal: type[Refusal]) -> Refusal:
    hints = get_type_hints(refusal)
    fields = dataclasses.fields(refusal)  # type: ignore[arg-type]
    needed = [field for field in fields if field.default is dataclasses.MISSING]
    return refusal(**{field.name: sample(hints[field.name]) for field in needed})


def test_refusals_are_found() -> None:
    assert {FieldInvalid, Overloaded} <= set(REFUSALS)


def test_every_kind_has_a_status() -> None:
    assert set(STATUS_OF_KIND) == set(Kind)
    # A refusal is the answer "no": a client must never take it for an answer that did not come.
    uncertain = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.OK}
    assert not uncertain & set(STATUS_OF_KIND.values())


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: f"{refusal.__module__}.{refusal.__name__}")
class TestEveryRefusal:
    def test_it_is_a_frozen_slotted_dataclass_with_a_kind(self, refusal: type[Refusal]) -> None:
        assert dataclasses.is_dataclass(refusal)
        assert refusal.__dataclass_params__.frozen
        assert "__slots__" in vars(refusal)
        assert isinstance(refusal.kind, Kind)

    def test_its_docstring_is_a_sentence_whose_names_are_its_facts(self, refusal: type[Refusal]) -> None:
        text = refusal.__doc__ or ""
        assert text
        assert not text.startswith(f"{refusal.__name__}("), "the dataclass's own docstring is no message"
        assert "\n" not in text.strip()
        assert text.endswith(".")
        names = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        facts = {field.name for field in dataclasses.fields(refusal)}  # type: ignore[arg-type]
        assert names <= facts

    def test_its_message_is_filled_in(self, refusal: type[Refusal]) -> None:
        refused = made(refusal)
        assert all(isinstance(value, str) for value in refused.facts().values())
        text = refusal.__doc__ or ""
        filled_in = text.format(**refused.facts())
        if "message" in vars(refusal):
            # It goes on with what only sometimes is there to be told.
            assert refused.message().startswith(filled_in.removesuffix("."))
        else:
            assert refused.message() == filled_in

    def test_it_maps_to_a_status_with_error_info(self, refusal: type[Refusal]) -> None:
        status = status_of_refusal(made(refusal))
        info = error_details_pb2.ErrorInfo()
        assert status.code == STATUS_OF_KIND[refusal.kind].value[0]
        assert status.details[0].Unpack(info)
        assert info.domain == DOMAIN
        assert info.reason == refusal.reason()
        assert re.fullmatch(r"[A-Z][A-Z0-9_]{0,62}", info.reason)
        assert all(re.fullmatch(r"[a-z][A-Za-z0-9_]{0,63}", key) for key in info.metadata)


def test_reasons_are_unique() -> None:
    names: dict[str, set[str]] = {}
    for refusal in REFUSALS:
        # The same name in two services is one reason to a client; two in one service would be a mistake.
        parts = refusal.__module__.removeprefix("services.integrations.").removeprefix("services.").split(".")
        names.setdefault(f"{parts[0]}.{refusal.reason()}", set()).add(refusal.__module__)
    assert not {name: modules for name, modules in names.items() if len(modules) > 1}


def test_a_field_that_is_wrong_is_named_as_a_violation() -> None:
    status = status_of_refusal(FieldInvalid(field="seat_ids", problem="is too long", limit="at most 10"))
    bad = error_details_pb2.BadRequest()
    assert status.details[1].Unpack(bad)
    assert bad.field_violations[0].field == "seat_ids"
    assert bad.field_violations[0].description == "seat_ids is too long (limit: at most 10)."


def test_a_retry_delay_is_told_where_there_is_one() -> None:
    status = status_of_refusal(Overloaded(retry_after_ms=1500))
    retry = error_details_pb2.RetryInfo()
    assert status.details[1].Unpack(retry)
    assert retry.retry_delay.ToMilliseconds() == 1500


@pytest.mark.parametrize("letter", ["x", "é", "座", "🎭", "\ud800"])
def test_a_status_stays_small_whatever_the_facts(letter: str) -> None:
    status = status_of_refusal(FieldInvalid(field=letter * 9_000, problem=letter * 9_000, limit=letter * 9_000))
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert all(len(value.encode()) <= MAX_FACT_BYTES for value in info.metadata.values())
    assert sum(len(value.encode()) for value in info.metadata.values()) <= MAX_FACTS_BYTES
    assert len(status.message.encode()) <= MAX_MESSAGE_BYTES
    assert trailer_bytes(status) < MAX_TRAILER_BYTES


@dataclasses.dataclass(frozen=True, slots=True)
class SeatsGone(Refusal):
    """Seats {seats} are gone."""

    kind = Kind.CONFLICT
    seats: tuple[str, ...]


def trailer_bytes(status: status_pb2.Status) -> int:
    """What a status takes of the trailers: base64 of all of it, and its message once more, percent-encoded."""
    return len(base64.b64encode(status.SerializeToString())) + len(quote(status.message, safe=PLAIN))


def details(status: status_pb2.Status, kind: type[DetailT]) -> list[DetailT]:
    """The status's details of one kind."""
    found = []
    for packed in status.details:
        detail = kind()
        if packed.Unpack(detail):
            found.append(detail)
    return found


def test_a_list_is_told_item_by_item_and_not_joined() -> None:
    status = status_of_refusal(SeatsGone(("A,1", "A,2")))
    (told,) = details(status, RefusedItems)
    assert (told.fact, list(told.items), told.count) == ("seats", ["A,1", "A,2"], 2)
    assert "seats" not in details(status, error_details_pb2.ErrorInfo)[0].metadata


def test_a_hundred_seats_with_uuids_for_names_are_told_whole() -> None:
    seats = tuple(str(UUID(int=number)) for number in range(100))
    (told,) = details(status_of_refusal(SeatsGone(seats), "req_" + "0" * 26), RefusedItems)
    assert tuple(told.items) == seats


@pytest.mark.parametrize("letter", ["x", "座", "%", "\ud800"])
def test_a_list_that_is_too_long_is_cut_between_its_items_and_counted(letter: str) -> None:
    seats = tuple(f"{letter * 20}-{number}" for number in range(2_000))
    status = status_of_refusal(SeatsGone(seats), "req_" + "0" * 26)
    (told,) = details(status, RefusedItems)
    sent = [seat.encode(errors="replace").decode() for seat in seats]
    assert list(told.items) == sent[: len(told.items)]
    assert len(told.items) > 30
    assert told.count == 2_000
    assert trailer_bytes(status) < MAX_TRAILER_BYTES


def test_a_message_names_some_items_of_a_long_list_and_counts_the_rest() -> None:
    seats = tuple(f"A{number}" for number in range(15))
    assert SeatsGone(seats).message() == "Seats A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11 and 3 more are gone."


FAULTY = (FieldInvalid("label", "must be set", "63"), None, FieldInvalid("seats[3]", "is there twice", "once"))


def test_all_that_is_wrong_with_a_request_is_told_at_once() -> None:
    refusal = refused_fields(FAULTY)
    assert refusal is not None
    status = status_of_refusal(refusal)
    (bad,) = details(status, error_details_pb2.BadRequest)
    assert [(one.field, one.description) for one in bad.field_violations] == [
        ("label", "label must be set (limit: 63)."),
        ("seats[3]", "seats[3] is there twice (limit: once)."),
    ]
    (info,) = details(status, error_details_pb2.ErrorInfo)
    assert (info.reason, info.metadata["field"], info.metadata["violations"]) == ("FIELD_INVALID", "label", "2")
    assert status.message == "label must be set (limit: 63). 1 more is wrong."


def test_a_request_without_faults_is_not_refused() -> None:
    assert refused_fields([None, None]) is None


def test_refusals_of_parts_become_one_refusal_with_a_true_count() -> None:
    first, second = refused_fields(FAULTY), refused_fields([FieldInvalid("name", "is long", "200"), *FAULTY])
    refusal = refused_fields([first, None, second])
    assert refusal is not None
    assert [fault.field for fault in refusal.violations()] == ["label", "seats[3]", "name", "label", "seats[3]"]
    assert refusal.facts()["violations"] == "5"


@pytest.mark.parametrize("letter", ["x", "座"])
def test_faults_beyond_the_room_of_a_status_are_counted(letter: str) -> None:
    faults = [FieldInvalid(f"zones[{number}]", letter * 100, "none") for number in range(500)]
    refusal = refused_fields(faults)
    assert refusal is not None
    status = status_of_refusal(refusal)
    (bad,) = details(status, error_details_pb2.BadRequest)
    assert 5 < len(bad.field_violations) < 500
    assert details(status, error_details_pb2.ErrorInfo)[0].metadata["violations"] == "500"
    assert trailer_bytes(status) < MAX_TRAILER_BYTES


@pytest.mark.parametrize("told", [SeatsGone(("A",)), FieldInvalid("label", "is long", "63")])
def test_the_request_id_comes_back_with_a_refusal(told: Refusal) -> None:
    (request,) = details(status_of_refusal(told, "req_1"), error_details_pb2.RequestInfo)
    assert request.request_id == "req_1"


def test_the_request_id_comes_back_with_a_fault() -> None:
    (request,) = details(status_of_fault(ValueError(), "req_1"), error_details_pb2.RequestInfo)
    assert request.request_id == "req_1"


RETRYABLE = {grpc.StatusCode.ABORTED, grpc.StatusCode.RESOURCE_EXHAUSTED}
# Refused for too much work, without a delay: the caller's own time is over, and it alone knows whether to ask again.
WITHOUT_DELAY = {"DEADLINE_PASSED"}


def test_only_what_a_repeat_may_cure_has_a_code_that_clients_retry() -> None:
    """See docs/decisions/0012."""
    retried = {refusal.reason() for refusal in REFUSALS if STATUS_OF_KIND[refusal.kind] in RETRYABLE}
    with_delay = {refusal.reason() for refusal in REFUSALS if details(status_of_refusal(made(refusal)), RetryInfo)}
    assert retried == with_delay | WITHOUT_DELAY
    assert {"SEATS_TAKEN", "LABEL_TAKEN", "IDEMPOTENCY_KEY_REUSED", "HOLDER_LIMIT"}.isdisjoint(retried)
    assert {"OVERLOADED", "REQUEST_IN_FLIGHT"} <= retried


class StoreSilent(Retryable):
    """The store does not answer."""


class RecordBroken(Fatal):
    """The record is broken."""


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        (StoreSilent(url="secret"), grpc.StatusCode.UNAVAILABLE, "STORE_SILENT"),
        (RecordBroken(url="secret"), grpc.StatusCode.INTERNAL, "RECORD_BROKEN"),
        (ValueError("secret"), grpc.StatusCode.INTERNAL, "INTERNAL_ERROR"),
        (AssertionError("secret"), grpc.StatusCode.INTERNAL, "INTERNAL_ERROR"),
    ],
)
def test_a_fault_tells_its_class_and_nothing_of_its_facts(fault: Exception, code: grpc.StatusCode, reason: str) -> None:
    status = status_of_fault(fault)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (status.code, info.reason) == (code.value[0], reason)
    assert b"secret" not in status.SerializeToString()
