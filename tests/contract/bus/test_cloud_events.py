"""Every event of every service, as it goes onto the bus, is a CloudEvent of one form (docs/architecture.md, 5)."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import balcon
import pytest

from services.inventory.adapters.bus_availability_feed import message_of
from services.inventory.domain.seat_state import SeatCounts
from services.inventory.ports import Availability
from services.runtime.bus.port import Message
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_event, to_message

SERVICES = Path(__file__).resolve().parents[3] / "services"
FORM = {
    "ce_specversion": r"1\.0",
    "content-type": "application/protobuf",
    "ce_id": r"\S+",
    "ce_source": r"balcon\.[a-z]+",
    "ce_type": r"balcon\.[a-z]+\.v\d+\.[A-Z][A-Za-z]+",
    "ce_time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "ce_subject": r".+",
    "ce_partitionkey": r".+",
    "ce_sequence": r"\d{18}",
    "ce_houseid": r".+",
}
AT_MS = 1_800_000_000_000  # a whole second: where a form that leaves out zeros would show


def event_types() -> Iterator[str]:
    """The full name of every message in the events files of the protos."""
    for module in pkgutil.walk_packages(balcon.__path__, "balcon."):
        if module.name.endswith("_events_pb2"):
            yield from (
                m.full_name for m in importlib.import_module(module.name).DESCRIPTOR.message_types_by_name.values()
            )


def check(message: Message, *, state: bool = False) -> None:
    wanted = FORM.keys() - ({"ce_sequence"} if state else set())
    assert message.headers.keys() == wanted
    for name, value in message.headers.items():
        assert re.fullmatch(FORM[name], value), (name, value)
        # CloudEvents: an attribute's name is of lower-case letters and digits.
        assert re.fullmatch(r"ce_[a-z0-9]{1,20}|content-type", name)
    assert message.headers["ce_time"] == "2027-01-15T08:00:00.000Z"
    assert datetime.fromisoformat(message.headers["ce_time"]) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        milliseconds=AT_MS
    )
    assert message.headers["ce_subject"] == message.headers["ce_partitionkey"] == message.key
    assert to_event(message).time_ms == AT_MS


@pytest.mark.parametrize("kind", sorted(event_types()))
def test_an_event_of_the_outbox_has_the_form(kind: str) -> None:
    service = kind.split(".")[1]
    event = OutgoingEvent(f"balcon.{service}.v1", "perf_1", kind, b"", "house_1")
    check(to_message(event, event_id="evt_1", source=f"balcon.{service}", time_ms=AT_MS, sequence=7))


def test_the_availability_feed_has_the_form_too() -> None:
    message = message_of(
        Availability("house_1", "perf_1", 3, 17, SeatCounts(free=1, held=2, claimed=3, sold=4, blocked=5), AT_MS)
    )
    check(message, state=True)
    assert message.headers["ce_type"] in set(event_types())


def test_headers_are_made_in_one_place() -> None:
    makers = {
        path.relative_to(SERVICES).as_posix()
        for path in SERVICES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"ce_[a-z]+", node.value)
    }
    assert makers <= {"runtime/outbox/headers.py", "runtime/outbox/consumer.py"}


@pytest.mark.parametrize("service", ["catalogue", "orders", "payments"])
def test_a_relay_speaks_for_its_service(service: str) -> None:
    """Service.outbox() makes the source of the name that the process runs under."""
    calls = [
        node for node in ast.walk(ast.parse((SERVICES / service / "main.py").read_text())) if isinstance(node, ast.Call)
    ]
    names = {call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "") for call in calls}
    [run] = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "run_service"]
    assert "outbox" in names
    assert isinstance(run.args[0], ast.Constant)
    assert run.args[0].value == service
    assert 'source=f"balcon.{self.name}"' in (SERVICES / "runtime/service.py").read_text()
