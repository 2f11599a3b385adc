"""The options of a command: the fields of its method's request, from the descriptors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from services.console.house.command import Command, Subject

MONEY: Final = "balcon.types.v1.Money"
TIMESTAMP: Final = "google.protobuf.Timestamp"
_MASK: Final = "google.protobuf.FieldMask"
# The client's own key of one request, as the methods call it: all are given with --idempotency-key.
OWN_KEYS: Final = ("idempotency_key", "step_id", "print_id", "send_id")
# What the console knows or makes itself.
_IMPLICIT: Final = frozenset(
    {"house_id", *OWN_KEYS, "update_mask", "etag", "page_size", "page_token", "session_secret"}
)
# Never on the command line, where others could read them.
_PASSWORDS: Final = frozenset({"password", "new_password", "client_secret", "mailchimp_key"})
_SECRETS: Final = _PASSWORDS | frozenset(
    {
        # Of trackers (balcon.trackers.v1.TrackerCredentials).
        "access_token",
        "test_event_code",
        "service_account_key",
        "oauth_client",
        "oauth_client_secret",
        "oauth_refresh_token",
        "consumer_key",
        "consumer_secret",
        "token",
        "token_secret",
    }
)
# Seats are named alike by every command.
_SHORT: Final[Mapping[tuple[str, ...], str]] = {
    ("seats", "seat_ids"): "seat",
    ("seats", "plan_version"): "plan-version",
}
_ONE_OF_MANY: Final = (("ies", "y"), ("s", ""))


@dataclass(frozen=True, slots=True)
class OptionField:
    """A field of the request that people give. `path` leads there from the request."""

    path: tuple[str, ...]
    field: FieldDescriptor
    option: str
    required: bool

    @property
    def key(self) -> str:
        """Its name among the values given, and in refusals of this console."""
        return "_".join(self.path)

    @property
    def repeated(self) -> bool:
        """Whether the option may be given more than once."""
        return bool(self.field.is_repeated)

    @property
    def is_flag(self) -> bool:
        """Whether it is yes or no."""
        return self.field.type == FieldDescriptor.TYPE_BOOL

    @property
    def is_secret(self) -> bool:
        """Whether it comes from a file, the environment or a prompt."""
        return self.field.name in _SECRETS

    @property
    def is_asked(self) -> bool:
        """Whether a secret is asked for where no file is named: nobody types keys of outside companies."""
        return self.field.name in _PASSWORDS

    @property
    def is_time(self) -> bool:
        """Whether it is a time of the house's clock."""
        return message_name(self.field) == TIMESTAMP


def message_name(field: FieldDescriptor) -> str:
    """The full name of a message field's type; '' for other fields."""
    return field.message_type.full_name if field.message_type is not None else ""


def behaviours(field: FieldDescriptor) -> frozenset[int]:
    """What the proto says of a field: required, optional, only in answers."""
    return frozenset(field.GetOptions().Extensions[field_behavior_pb2.field_behavior])


def fields_of(message: Message) -> Sequence[FieldDescriptor]:
    """The fields that a message may have, in the proto's order."""
    return cast("Sequence[FieldDescriptor]", message.DESCRIPTOR.fields)


def set_fields(message: Message) -> list[tuple[FieldDescriptor, Any]]:
    """The fields that have a value, each with it."""
    return cast("list[tuple[FieldDescriptor, Any]]", message.ListFields())


def kind_of(field: FieldDescriptor) -> Descriptor:
    """The type of a message field."""
    return cast("Descriptor", field.message_type)


def thing_of(request: Descriptor) -> FieldDescriptor | None:
    """The field of a create's or update's request that holds the thing itself; its fields are options of their own."""
    for field in request.fields:
        is_thing = field_behavior_pb2.REQUIRED in behaviours(field) and not field.is_repeated
        if is_thing and message_name(field) not in {"", MONEY, TIMESTAMP, _MASK}:
            return field
    return None


def option_fields(subject: Subject, command: Command) -> list[OptionField]:
    """Every field that is given with the command, in the request's order."""
    request = subject.method_of(command).input_type
    return list(_walk(request, command, (), thing_of(request)))


def _walk(
    message: Descriptor, command: Command, path: tuple[str, ...], thing: FieldDescriptor | None
) -> Iterator[OptionField]:
    for field in message.fields:
        if field.name in _IMPLICIT or field_behavior_pb2.OUTPUT_ONLY in behaviours(field):
            continue
        here = (*path, field.name)
        is_one_message = not field.is_repeated and message_name(field) not in {"", MONEY, TIMESTAMP}
        if is_one_message:
            yield from _walk(kind_of(field), command, here, thing)
            continue
        shown = here[1:] if thing is not None and here[0] == thing.name else here
        short = _SHORT.get(here[-2:])
        option = command.names.get(".".join(here)) or short or _option_name(shown, field.is_repeated)
        yield OptionField(here, field, option, field_behavior_pb2.REQUIRED in behaviours(field) and len(shown) == 1)


def _option_name(path: tuple[str, ...], repeated: bool) -> str:
    name = "-".join(path).replace("_", "-")
    if not repeated:
        return name
    for many, one in _ONE_OF_MANY:
        if name.endswith(many):
            return name[: -len(many)] + one
    return name
