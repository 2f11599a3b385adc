"""Every event that a house may be told: its name, its shape in words, and that it reaches its own house only."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import Parse
from google.protobuf.message import Message

from services.integrations.webhooks.adapters.event_catalogue import (
    CHANGES,
    KINDS,
    TOPICS,
    HouseDiffers,
    about,
    event_types,
    in_json,
)
from services.runtime.bus.topics import ACCESS, ACCOUNTS, ACTS, FUNNEL
from services.runtime.bus.topics import TOPICS as ALL_TOPICS
from tests.architecture.tree import ROOT

MINE, THEIRS = "hse_mine", "hse_theirs"
# What is for our own services: who may do what, and what people did on a page.
NOT_TOLD = {ACCOUNTS, ACTS, ACCESS, FUNNEL}


CORPUS = ROOT / "tests/data/golden_messages/unreleased.json"


def fill(message: Any) -> Any:
    """With a value in every field."""
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None:
            inside = getattr(message, field.name)
            fill(inside.add() if field.is_repeated else inside)
            inside.SetInParent() if not field.is_repeated else None
        elif field.is_repeated:
            getattr(message, field.name).append(value_of(field))
        else:
            setattr(message, field.name, value_of(field))
    return message


def value_of(field: FieldDescriptor) -> Any:
    if field.enum_type is not None:
        return field.enum_type.values[-1].number
    if field.type == field.TYPE_BYTES:
        return b"x"
    return {field.CPPTYPE_STRING: "x", field.CPPTYPE_BOOL: True}.get(field.cpp_type, 7)


def of_house(name: str, house_id: str) -> Message:
    """One of the type with a value in every field, of the house."""
    message: Message = fill(KINDS[name].message())
    thing: Any = message
    for part in ("performance", "allotment"):
        if part in message.DESCRIPTOR.fields_by_name:
            thing = getattr(message, part)
    thing.house_id = house_id
    return message


def test_every_topic_is_told_or_left_out_on_purpose() -> None:
    assert set(TOPICS) | NOT_TOLD == set(ALL_TOPICS)
    assert len(CHANGES) == len(TOPICS) - 1


def test_every_event_of_those_topics_is_told() -> None:
    """The golden messages know every message of every file of events; allotments' stands with its calls."""
    packages = {kind.rpartition(".")[0] for kind in KINDS}
    known = {name for name in json.loads(CORPUS.read_text()) if name.rpartition(".")[0] in packages}
    parts = {"balcon.catalogue.v1.PerformanceTimes"}
    assert known - parts == set(KINDS) - {"balcon.inventory.v1.AllotmentChanged"}


@pytest.mark.parametrize("name", KINDS)
def test_an_event_is_of_the_house_that_it_names(name: str) -> None:
    about(of_house(name, MINE), MINE)
    with pytest.raises(HouseDiffers):
        about(of_house(name, THEIRS), MINE)


@pytest.mark.parametrize("name", KINDS)
def test_what_is_told_is_read_back_as_the_same_event(name: str) -> None:
    event = of_house(name, MINE)
    assert Parse(in_json(event), KINDS[name].message()) == event


@pytest.mark.parametrize("name", KINDS)
def test_every_field_that_is_told_is_described(name: str) -> None:
    [kind] = [one for one in event_types().all if one.type == name]
    assert kind.description
    assert all(field.description for field in kind.fields)
    assert paths_of(json.loads(in_json(of_house(name, MINE)))) <= {field.path for field in kind.fields}


def paths_of(value: Any, above: str = "") -> set[str]:
    """The ways to every field of some JSON, as the descriptions name them."""
    if isinstance(value, list):
        return {f"{above}[]"} | set().union(*(paths_of(one, f"{above}[]") for one in value))
    if not isinstance(value, dict):
        return {above}
    inner = set().union(*(paths_of(one, f"{above}.{name}" if above else name) for name, one in value.items()))
    return inner | ({above} if above else set())
