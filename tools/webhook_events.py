"""What webhooks may tell, out of the protos with their comments: a page for receivers, and the same for the service."""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import grpc_tools
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

from services.integrations.webhooks.adapters.event_catalogue import KINDS, LATEST_ONLY, TOPICS

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
# Numbers of the lists in descriptor.proto, by which source locations are named.
_MESSAGES, _FIELDS, _NESTED = 4, 2, 3
_NUMBERS = {
    FieldDescriptor.CPPTYPE_BOOL: "true or false",
    FieldDescriptor.CPPTYPE_INT32: "number",
    FieldDescriptor.CPPTYPE_UINT32: "number",
    FieldDescriptor.CPPTYPE_INT64: "string: whole number of 64 bits",
    FieldDescriptor.CPPTYPE_UINT64: "string: whole number of 64 bits",
    FieldDescriptor.CPPTYPE_DOUBLE: "number",
    FieldDescriptor.CPPTYPE_FLOAT: "number",
}
_TIME = "string: RFC 3339"


class Field(NamedTuple):
    """One field of an event."""

    path: str
    type: str
    description: str


def comments() -> Mapping[str, str]:
    """What the protos say of each message and field, by full name, on one line."""
    files = [str(path) for path in sorted((PROTOS / "balcon").rglob("*.proto"))]
    include = Path(grpc_tools.__file__).parent / "_proto"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "all.binpb"
        options = ["protoc", f"-I{PROTOS}", f"-I{include}", "--include_source_info", f"--descriptor_set_out={out}"]
        if protoc.main([*options, *files]):
            message = "protoc could not read the protos"
            raise RuntimeError(message)
        described = FileDescriptorSet.FromString(out.read_bytes())
    said: dict[str, str] = {}
    for file in described.file:
        told = {tuple(one.path): " ".join(one.leading_comments.split()) for one in file.source_code_info.location}
        for name, path in _things(file.message_type, (_MESSAGES,), file.package):
            said[name] = told.get(path, "")
    return said


def _things(found: Sequence[Any], above: tuple[int, ...], prefix: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    for number, message in enumerate(found):
        name, path = f"{prefix}.{message.name}", (*above, number)
        yield name, path
        for place, field in enumerate(message.field):
            yield f"{name}.{field.name}", (*path, _FIELDS, place)
        yield from _things(message.nested_type, (*path, _NESTED), name)


def fields_of(message: Any, said: Mapping[str, str], prefix: str = "") -> Iterator[Field]:
    """Each field and those inside it, in the order of the proto. No event of ours holds itself."""
    for field in message.fields:
        path = f"{prefix}{field.json_name}{'[]' if field.is_repeated else ''}"
        inner = field.message_type
        is_object = inner is not None and not inner.full_name.startswith("google.protobuf.")
        yield Field(path, _json_type(field), said[field.full_name])
        if is_object:
            yield from fields_of(inner, said, f"{path}.")


def _json_type(field: FieldDescriptor) -> str:
    if field.enum_type is not None:
        return f"string: one of {', '.join(value.name for value in field.enum_type.values)}"
    if field.message_type is not None:
        return _TIME if field.message_type.full_name == "google.protobuf.Timestamp" else "object"
    return _NUMBERS.get(field.cpp_type, "string: base64" if field.type == field.TYPE_BYTES else "string")


def described_events() -> list[dict[str, Any]]:
    """Every type with its words, by topic and name."""
    said = comments()
    kinds = sorted(KINDS.values(), key=lambda kind: (TOPICS.index(kind.topic), kind.name))
    return [
        {
            "type": kind.name,
            "topic": kind.topic,
            "description": _without_topic(said[kind.name]),
            "fields": [list(field) for field in fields_of(kind.message.DESCRIPTOR, said)],
        }
        for kind in kinds
    ]


def _without_topic(words: str) -> str:
    """Where it is published is for those who work on Balcon; and its keys are."""
    rest = re.sub(r"^Topic \S+, key = [a-z ]+: ", "", words)
    return rest[:1].upper() + rest[1:]


def events_json() -> str:
    """For the service."""
    return json.dumps(described_events(), indent=1, ensure_ascii=False) + "\n"


def events_page(header: str) -> str:
    """For whoever receives."""
    lines = [
        header,
        "# What webhooks tell\n\n",
        "Every type of event that an endpoint may be told, and what `data` has in it. How it is sent, signed and\n",
        "tried again is in [webhooks.md](webhooks.md). A later version may add types, fields and values: pass over\n",
        "what you do not know.\n",
    ]
    topic = ""
    for event in described_events():
        if event["topic"] != topic:
            topic = event["topic"]
            only = " Only the latest of a performance is told, not each." if topic in LATEST_ONLY else ""
            lines.append(f"\n## {topic}\n" + (f"\n{only.strip()}\n" if only else ""))
        lines.append(f"\n### {event['type']}\n\n{event['description']}\n\n| field | JSON | meaning |\n|---|---|---|\n")
        lines += [f"| `{path}` | {kind} | {words} |\n" for path, kind, words in event["fields"]]
    return "".join(lines)
