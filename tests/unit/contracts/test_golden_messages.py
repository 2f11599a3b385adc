"""What was ever released onto the bus is read by today's code as it was meant, and written again byte for byte."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import symbol_database
from google.protobuf.message import Message as ProtoMessage

from services.runtime.bus.port import Message
from services.runtime.outbox.headers import to_event
from tools import golden_messages
from tools.golden_messages import (
    AT_MS,
    FOLDER,
    UNRELEASED,
    corpus_of,
    digests,
    release,
    todays_files,
    values_of,
    written,
)


def editions() -> list[str]:
    """Every file of the corpus, the one that is not released last."""
    return [*digests(), UNRELEASED]


def corpus(name: str) -> dict[str, Any]:
    """One file."""
    read: dict[str, Any] = json.loads((FOLDER / name).read_text())
    return read


def goldens(name: str) -> Iterator[tuple[str, bytes, Any]]:
    """(type, bytes, values) of each golden message of a file."""
    for type_name, golden in corpus(name).items():
        for variant in golden["variants"]:
            yield type_name, base64.b64decode(variant["payload"]), variant["values"]


def of_today(type_name: str) -> type[ProtoMessage]:
    """Today's class of a type."""
    todays_files()  # imports them
    found: type[ProtoMessage] = symbol_database.Default().GetSymbol(type_name)
    return found


def test_released_editions_are_as_they_were_released() -> None:
    """They are never written anew: what was sent under them stays on the topics for good."""
    assert digests()
    assert sorted(path.name for path in FOLDER.glob("*.json")) == sorted(editions())
    for name, digest in digests().items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, name


def test_the_corpus_of_what_is_not_released_yet_knows_every_type_and_field_of_today() -> None:
    """A new event type, or a field that came to one: `make proto` writes it."""
    assert (FOLDER / UNRELEASED).read_text() == written(corpus_of(todays_files()))


@pytest.mark.parametrize("name", editions())
def test_todays_code_reads_every_edition_as_it_was_meant_and_writes_the_same_bytes(name: str) -> None:
    seen = 0
    for type_name, payload, values in goldens(name):
        message = of_today(type_name).FromString(payload)
        assert values_of(message) == values, type_name
        assert message.SerializeToString(deterministic=True) == payload, type_name
        seen += 1
    assert seen >= len(corpus(name)) > 5


@pytest.mark.parametrize("name", editions())
def test_todays_code_reads_the_headers_of_every_edition(name: str) -> None:
    for type_name, golden in corpus(name).items():
        payload = base64.b64decode(golden["variants"][0]["payload"])
        event = to_event(Message("balcon.golden.v1", "key_1", payload, golden["headers"]))
        assert (event.id, event.source, event.type, event.sequence) == ("evt_1", "balcon.golden", type_name, 7)
        assert (event.time_ms, event.house_id, event.payload) == (AT_MS, "house_1", payload)


def test_no_released_type_is_gone() -> None:
    released = {type_name for name in digests() for type_name in corpus(name)}
    assert released <= corpus(UNRELEASED).keys()


def test_every_field_of_an_event_is_set_in_one_of_its_golden_messages() -> None:
    for type_name, golden in corpus(UNRELEASED).items():
        told = {field for variant in golden["variants"] for field in variant["values"]}
        assert told == {field.name for field in of_today(type_name).DESCRIPTOR.fields}, type_name


def test_a_field_that_got_another_number_is_noticed() -> None:
    """The negative control: the same values under today's names, from bytes of another schema."""
    files = todays_files()
    file = next(file for file in files.file if file.name == "balcon/funnel/v1/funnel_events.proto")
    file.message_type[0].field[0].number += 100
    type_name = f"{file.package}.{file.message_type[0].name}"
    variant = corpus_of(files)[type_name]["variants"][0]
    message = of_today(type_name).FromString(base64.b64decode(variant["payload"]))
    assert values_of(message) != variant["values"]


def test_a_release_is_the_next_edition_and_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(golden_messages, "FOLDER", tmp_path)
    assert release("one") == tmp_path / "0001.json"
    assert release("one") is None
    assert release("two") == tmp_path / "0002.json"
    (tmp_path / golden_messages.DIGESTS).write_text("")  # whoever takes the list away writes over nothing
    with pytest.raises(FileExistsError):
        release("three")
    assert (tmp_path / "0001.json").read_text() == "one"
