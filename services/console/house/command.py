"""How a command is declared: its method, and what people are shown. Its options are the fields of the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from balcon.access.v1 import access_pb2
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from rich.console import RenderableType


@dataclass(frozen=True, slots=True)
class ReadsEtag:
    """Where the etag comes from that nobody gave with --etag: a method that reads the thing, and the field of it.

    `row` is the field by which the thing is found in a list, where nothing reads one alone.
    """

    method: str
    field: str = "etag"
    row: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A command for one method. What a field is called in the request, the option is called with hyphens."""

    name: str
    method: str
    help: str
    # Fields that are given by position, in this order, without a name.
    arguments: tuple[str, ...] = ()
    # Fields of the answer's rows that its table shows; none: all that are set.
    columns: tuple[str, ...] = ()
    # Of methods that want an etag.
    etag: ReadsEtag | None = None
    # Bytes of the answer and the option that names the file they go to.
    saves: Mapping[str, str] = field(default_factory=dict)
    # Options that are called otherwise than their field, by the field's path.
    names: Mapping[str, str] = field(default_factory=dict)
    # What an option says where it is not given, by the field's name.
    defaults: Mapping[str, str | bool] = field(default_factory=dict)
    # How people are shown the answer, where a table of its fields says little.
    drawn: Callable[[Any], RenderableType] | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Commands of one subject, all of one service. `name` is the group that they are in; empty: `house` itself."""

    name: str
    help: str
    # As targets name it.
    target: str
    service: ServiceDescriptor
    commands: tuple[Command, ...]
    # Where several services answer the same: --integration chooses one of them, and a list asks all.
    among: tuple[str, ...] = ()

    def method_of(self, command: Command) -> MethodDescriptor:
        """The method's descriptor."""
        method: MethodDescriptor = self.service.methods_by_name[command.method]
        return method

    def house_path(self, command: Command) -> tuple[str, ...]:
        """Where the request names the house, from its outermost field on; () where it names none."""
        path = ("house_id",)
        said: str = self.method_of(command).GetOptions().Extensions[access_pb2.access].house
        if said:
            return tuple(said.split("."))
        return path if path[0] in self.method_of(command).input_type.fields_by_name else ()

    def is_public(self, command: Command) -> bool:
        """Whether the method is also for whoever has not logged in."""
        access = self.method_of(command).GetOptions().Extensions[access_pb2.access]
        return access_pb2.AUDIENCE_PUBLIC in access.audiences


def changing(thing: str, method: str, read: str, help_text: str, name: str = "update") -> Command:
    """An update: only what is given is changed."""
    return Command(name, method, help_text, arguments=(f"{thing}_id",), etag=ReadsEtag(read))


def archiving(thing: str, method: str, read: str, help_text: str) -> Command:
    """Taking a thing out of use."""
    return Command("archive", method, help_text, arguments=(f"{thing}_id",), etag=ReadsEtag(read))
