"""Golden messages: bytes of every event type with every field set, kept for good of each released schema.

`python -m tools.golden_messages` writes those of today's protos, which are not released yet; with `--release` they
become the next edition, which nothing rewrites.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "data" / "golden_messages"
UNRELEASED = "unreleased.json"
DIGESTS = "released.sha256"
AT_MS = 1_800_000_000_123
DEPTH_MAX = 6

Corpus = dict[str, Any]


def corpus_of(files: descriptor_pb2.FileDescriptorSet) -> Corpus:
    """Every event type of the files: CloudEvents headers, and of each variant the bytes and the values in them."""
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    types = [
        f"{file.package}.{message.name}"
        for file in files.file
        if file.name.endswith("_events.proto")
        for message in file.message_type
    ]
    return {name: _golden(pool.FindMessageTypeByName(name)) for name in sorted(types)}


def _golden(descriptor: Descriptor) -> Mapping[str, Any]:
    event = OutgoingEvent("golden", "key_1", descriptor.full_name, b"", "house_1")
    headers = to_message(event, event_id="evt_1", source="balcon.golden", time_ms=AT_MS, sequence=7).headers
    variants = []
    for variant in range(_variants(descriptor, 0)):
        message = message_factory.GetMessageClass(descriptor)()
        _fill(message, descriptor.full_name, variant, 0)
        payload = base64.b64encode(message.SerializeToString(deterministic=True)).decode()
        variants.append({"payload": payload, "values": values_of(message)})
    return {"headers": dict(headers), "variants": variants}


def values_of(message: Message) -> Mapping[str, Any]:
    """What is in a message, by the names of its fields."""
    told: Mapping[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return told


def _variants(descriptor: Descriptor, depth: int) -> int:
    """As many messages as the largest oneof in it has members: each member is set in one of them."""
    own = max((len(oneof.fields) for oneof in descriptor.oneofs), default=1)
    nested = [field.message_type for field in descriptor.fields if field.message_type and depth < DEPTH_MAX]
    return max([own, *(_variants(each, depth + 1) for each in nested)])


def _fill(message: Message, path: str, variant: int, depth: int) -> None:
    if message.DESCRIPTOR.full_name in {"google.protobuf.Timestamp", "google.protobuf.Duration"}:
        json_format.Parse(json.dumps(_moment(message.DESCRIPTOR.full_name, path)), message)
        return
    for field in _chosen(message.DESCRIPTOR, variant):
        where = f"{path}.{field.name}"
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            _fill_map(getattr(message, field.name), field, where)
        elif field.message_type is not None and depth >= DEPTH_MAX:
            continue
        elif field.is_repeated:
            for n in (1, 2):
                items = getattr(message, field.name)
                if field.message_type is None:
                    items.append(_scalar(field, f"{where}.{n}"))
                else:
                    _fill(items.add(), f"{where}.{n}", variant, depth + 1)
        elif field.message_type is not None:
            getattr(message, field.name).SetInParent()
            _fill(getattr(message, field.name), where, variant, depth + 1)
        else:
            setattr(message, field.name, _scalar(field, where))


def _chosen(descriptor: Any, variant: int) -> Iterator[FieldDescriptor]:
    for field in descriptor.fields:
        oneof = field.containing_oneof
        if oneof is None or oneof.fields[variant % len(oneof.fields)].number == field.number:
            yield field


def _fill_map(items: Any, field: FieldDescriptor, path: str) -> None:
    entry = field.message_type
    assert entry is not None, "of a map"
    key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
    if value.message_type is None:
        items[_scalar(key, f"{path}.key")] = _scalar(value, f"{path}.value")
    else:
        _fill(items[_scalar(key, f"{path}.key")], f"{path}.value", 0, DEPTH_MAX)


def _scalar(field: FieldDescriptor, path: str) -> Any:
    """A value that no default and no other field has."""
    number = zlib.crc32(path.encode())
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING:
            text = f"{field.name} {number % 997} ø"
            return text.encode() if field.type == FieldDescriptor.TYPE_BYTES else text
        case FieldDescriptor.CPPTYPE_BOOL:
            return True
        case FieldDescriptor.CPPTYPE_ENUM:
            assert field.enum_type is not None, "of an enum"
            numbers = sorted(value.number for value in field.enum_type.values if value.number)
            return numbers[number % len(numbers)]
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
            return number % 1_000 + 0.5
        case FieldDescriptor.CPPTYPE_INT64 | FieldDescriptor.CPPTYPE_UINT64:
            return (1 << 40) + number
        case _:
            return 1 + number % 1_000_000


def _moment(type_name: str, path: str) -> str:
    seconds = zlib.crc32(path.encode()) % 86_400
    if type_name == "google.protobuf.Duration":
        return f"{seconds}.500s"
    return f"2027-01-15T{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}.250Z"


def todays_files() -> descriptor_pb2.FileDescriptorSet:
    """The schemas that today's code has, dependencies first."""
    import importlib  # noqa: PLC0415 (the modules say what there is only once they are asked)
    import pkgutil  # noqa: PLC0415

    import balcon  # noqa: PLC0415

    files: dict[str, descriptor_pb2.FileDescriptorProto] = {}

    def add(file: Any) -> None:
        if file.name not in files:
            for needed in file.dependencies:
                add(needed)
            proto = descriptor_pb2.FileDescriptorProto()
            file.CopyToProto(proto)
            files[file.name] = proto

    for module in pkgutil.walk_packages(balcon.__path__, "balcon."):
        if module.name.endswith("_events_pb2"):
            add(importlib.import_module(module.name).DESCRIPTOR)
    return descriptor_pb2.FileDescriptorSet(file=files.values())


def written(corpus: Corpus) -> str:
    """As it is in the file."""
    return json.dumps(corpus, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def digests() -> dict[str, str]:
    """SHA-256 of each released edition, by file name."""
    path = FOLDER / DIGESTS
    lines = path.read_text().splitlines() if path.exists() else []
    return {name: digest for digest, name in (line.split() for line in lines)}


def release(text: str) -> Path | None:
    """Keeps it as the next edition; None when the last edition says the same."""
    known = digests()
    digest = hashlib.sha256(text.encode()).hexdigest()
    if known and [*known.values()][-1] == digest:
        return None
    path = FOLDER / f"{len(known) + 1:04}.json"
    with path.open("x") as file:  # an edition that is there is never written again
        file.write(text)
    with (FOLDER / DIGESTS).open("a") as file:
        file.write(f"{digest}  {path.name}\n")
    return path


def main() -> int:
    """Writes what is not released yet; `--release` keeps it, `--released-protos FILE` keeps an older schema's."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    match sys.argv[1:]:
        case []:
            pass
        case ["--release"]:
            release(written(corpus_of(todays_files())))
        case ["--released-protos", path]:
            release(written(corpus_of(descriptor_pb2.FileDescriptorSet.FromString(Path(path).read_bytes()))))
        case _:
            sys.stderr.write("usage: python -m tools.golden_messages [--release | --released-protos FILE]\n")
            return 2
    (FOLDER / UNRELEASED).write_text(written(corpus_of(todays_files())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
