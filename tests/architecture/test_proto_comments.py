"""Every service, call, message, field and value of every proto says what it is: they are the interface's manual."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc_tools
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

from tests.architecture.tree import ROOT

PROTOS = ROOT / "protos"
# Numbers of the lists in descriptor.proto, by which source locations are named.
MESSAGES, ENUMS, SERVICES = 4, 5, 6
FIELDS, NESTED, ENUMS_INSIDE, ONEOFS = 2, 3, 4, 8


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> FileDescriptorSet:
    """All of our protos with their comments."""
    out = tmp_path_factory.mktemp("protos") / "all.binpb"
    files = [str(path) for path in sorted((PROTOS / "balcon").rglob("*.proto"))]
    include = Path(grpc_tools.__file__).parent / "_proto"
    options = ["protoc", f"-I{PROTOS}", f"-I{include}", "--include_source_info", f"--descriptor_set_out={out}"]
    assert protoc.main([*options, *files]) == 0
    return FileDescriptorSet.FromString(out.read_bytes())


def things(file: FileDescriptorProto) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Each thing's name and its path in the file."""
    for number, service in enumerate(file.service):
        yield service.name, (SERVICES, number)
        for place, method in enumerate(service.method):
            yield f"{service.name}.{method.name}", (SERVICES, number, FIELDS, place)
    yield from enum_things(file.enum_type, (ENUMS,), "")
    yield from message_things(file.message_type, (MESSAGES,), "")


def enum_things(enums: Sequence[Any], above: tuple[int, ...], prefix: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    for number, enum in enumerate(enums):
        path = (*above, number)
        yield f"{prefix}{enum.name}", path
        for place, value in enumerate(enum.value):
            yield f"{prefix}{enum.name}.{value.name}", (*path, FIELDS, place)


def message_things(found: Sequence[Any], above: tuple[int, ...], prefix: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    for number, message in enumerate(found):
        if message.options.map_entry:
            continue
        path, name = (*above, number), f"{prefix}{message.name}"
        yield name, path
        for place, field in enumerate(message.field):
            yield f"{name}.{field.name}", (*path, FIELDS, place)
        for place, oneof in enumerate(message.oneof_decl):
            if not oneof.name.startswith("_"):  # made for a field that is `optional`
                yield f"{name}.{oneof.name}", (*path, ONEOFS, place)
        yield from enum_things(message.enum_type, (*path, ENUMS_INSIDE), f"{name}.")
        yield from message_things(message.nested_type, (*path, NESTED), f"{name}.")


def test_everything_in_the_protos_has_a_comment(described: FileDescriptorSet) -> None:
    ours = [file for file in described.file if file.name.startswith("balcon/")]
    assert len(ours) > 10
    silent = []
    for file in ours:
        said = {
            tuple(location.path)
            for location in file.source_code_info.location
            if location.leading_comments.strip() or location.trailing_comments.strip()
        }
        silent += [f"{file.name}: {name}" for name, path in things(file) if path not in said]
    assert not silent
