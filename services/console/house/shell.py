"""Declared commands as commands of the shell: their options are made of the fields, with what all commands take."""

from __future__ import annotations

import inspect
from collections import UserDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from services.console.house import running
from services.console.house.command import Command, Subject
from services.console.house.connection import Where
from services.console.house.fields import MONEY, OWN_KEYS, OptionField, message_name, option_fields
from services.console.house.printing import Shown
from services.console.house.request import Extras
from services.console.house.secrets import variable_of, with_secrets
from services.console.house.values import enum_names
from services.console.options import Data, Json, Target
from services.console.terminal import fail
from services.runtime.errors import Fatal

_House = Annotated[
    str,
    typer.Option("--house", envvar="BALCON_HOUSE", help="Label or id; default: your only house, or the chosen one."),
]
_Id = Annotated[bool, typer.Option("--id", help="Only the ids of what the answer is about, one a line.")]
_MOST_CHOICES = 100


class BothTimes(Fatal):
    """--earlier and --later are two answers to one question."""


def add_subject(app: typer.Typer, subject: Subject) -> None:
    """Adds the subject's commands, in a group of their own where it has a name."""
    if subject.name:
        group = typer.Typer(help=subject.help, no_args_is_help=True, cls=_group_of(subject))
        app.add_typer(group, name=subject.name)
        return
    for command in subject.commands:
        _add(app, subject, command)


def _add(app: typer.Typer, subject: Subject, command: Command) -> None:
    app.command(name=command.name, help=command.help)(_function(subject, command))


def _group_of(subject: Subject) -> type[TyperGroup]:
    """A group whose commands are made of their fields when they are asked for: of hundreds, one is run."""

    class OfSubject(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands = _MadeWhenAsked(subject)

    return OfSubject


class _MadeWhenAsked(UserDict[str, Any]):
    """The subject's commands by name, each made once."""

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self._subject = subject
        self._declared = {command.name: command for command in subject.commands}

    def __iter__(self) -> Iterator[str]:
        return iter(self._declared)

    def __len__(self) -> int:
        return len(self._declared)

    def __contains__(self, name: object) -> bool:
        return name in self._declared

    def __missing__(self, name: str) -> Any:
        only = typer.Typer(add_completion=False)
        _add(only, self._subject, self._declared[name])
        made = self.data[name] = typer.main.get_command(only)
        return made


def _function(subject: Subject, command: Command) -> Callable[..., None]:
    """A function with a parameter for each option: what typer makes a command of."""
    fields = option_fields(subject, command)
    shape = subject.method_of(command).input_type.fields_by_name

    def run(**values: Any) -> None:
        if values.get("earlier") and values.get("later"):
            fail(BothTimes())
        asked = running.Asked(
            given=with_secrets(fields, {one.key: values[f"field_{one.key}"] for one in fields}),
            where=Where(values["data"], values["target"] or []),
            house=values.get("house", ""),
            extras=Extras(values.get("key", ""), values.get("etag", ""), values.get("clear") or []),
            fold=0 if values.get("earlier") else 1 if values.get("later") else None,
            files=tuple((name, values[f"save_{name}"]) for name in command.saves if values[f"save_{name}"]),
            limit=values.get("limit"),
            integration=values.get("integration") or "",
            shown=Shown.JSON if values["json"] else Shown.IDS if values["id"] else Shown.TABLE,
        )
        running.run(running.call(subject, command, fields, asked))

    parameters = [_parameter(command, one) for one in _in_order(command, fields)]
    if subject.among:
        parameters.append(_integration(subject, is_list="page_token" in shape))
    parameters += list(_common(command, shape, any(one.is_time for one in fields), bool(subject.house_path(command))))
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _integration(subject: Subject, *, is_list: bool) -> inspect.Parameter:
    help_text = f"One of {', '.join(subject.among)}" + ("; default: all." if is_list else ".")
    option = typer.Option("--integration", help=help_text, metavar="NAME")
    return _keyword("integration", Annotated[str, option], "" if is_list else ...)


def _in_order(command: Command, fields: list[OptionField]) -> list[OptionField]:
    """Those that are given by position first, in the declared order."""
    by_name = {one.path[-1]: one for one in reversed(fields)}
    first = [by_name[name] for name in command.arguments]
    return first + [one for one in fields if one not in first]


def _parameter(command: Command, one: OptionField) -> inspect.Parameter:
    name = f"field_{one.key}"
    if one.path[-1] in command.arguments:
        metavar = one.path[-1].upper()
        said = _help(one).removesuffix("Required.").strip() or None
        return _keyword(name, Annotated[str, typer.Argument(metavar=metavar, show_default=False, help=said)], ...)
    help_text = _help(one)
    if one.is_secret:
        help_text = "A file with it."
        if one.is_asked:
            help_text = f"A file with it; default: {variable_of(one.field.name)}, or you are asked."
        return _keyword(name, Annotated[Path | None, typer.Option(f"--{one.option}-file", help=help_text)], None)
    if one.repeated:
        kind: Any = Annotated[list[str] | None, typer.Option(f"--{one.option}", help=help_text, metavar=_metavar(one))]
    elif one.is_flag:
        kind = Annotated[bool | None, typer.Option(f"--{one.option}/--no-{one.option}", help=help_text)]
    else:
        kind = Annotated[str | None, typer.Option(f"--{one.option}", help=help_text, metavar=_metavar(one))]
    return _keyword(name, kind, command.defaults.get(one.path[-1]))


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    value = inspect.Parameter.empty if default is ... else default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=value)


def _metavar(one: OptionField) -> str:
    field = one.field
    if one.is_time:
        return "TIME"
    if message_name(field) == MONEY:
        return "AMOUNT"
    if field.message_type is not None:
        return "KEY=VALUE,..."
    if field.type == field.TYPE_BYTES:
        return "FILE"
    return "TEXT" if field.type == field.TYPE_STRING else "NAME" if field.enum_type is not None else "NUMBER"


def _help(one: OptionField) -> str:
    words = []
    if one.field.enum_type is not None:
        names = ", ".join(enum_names(one.field.enum_type))
        words.append(f"One of {names}." if len(names) <= _MOST_CHOICES else f"One of {names[:_MOST_CHOICES]}...")
    elif one.is_time:
        words.append("By the house's clock, such as '2027-01-15 20:00'.")
    elif one.field.message_type is not None and message_name(one.field) != MONEY:
        words.append(f"With {', '.join(one.field.message_type.fields_by_name)}; or JSON.")
    if one.repeated:
        words.append("May be given more than once.")
    return " ".join([*words, *(["Required."] if one.required else [])])


def _common(
    command: Command, shape: Mapping[str, Any], has_times: bool, names_house: bool
) -> Iterator[inspect.Parameter]:
    """What commands take beside the fields, as far as the method has it."""
    if has_times:
        yield _keyword(
            "earlier",
            Annotated[bool, typer.Option("--earlier", help="Of two times that a local time can mean.")],
            False,
        )
        yield _keyword(
            "later", Annotated[bool, typer.Option("--later", help="Of two times that a local time can mean.")], False
        )
    if "update_mask" in shape:
        help_text = "A field that is to have no value. May be given more than once."
        yield _keyword(
            "clear", Annotated[list[str] | None, typer.Option("--clear", help=help_text, metavar="FIELD")], None
        )
    if "etag" in shape:
        help_text = "Refuses the command if the thing is not as it was read with this; default: as it is now."
        yield _keyword("etag", Annotated[str, typer.Option("--etag", help=help_text)], "")
    if any(key in shape for key in OWN_KEYS):
        help_text = "The same key with the same content has one effect; default: a new one."
        yield _keyword("key", Annotated[str, typer.Option("--idempotency-key", help=help_text)], "")
    if "page_token" in shape:
        yield _keyword(
            "limit", Annotated[int | None, typer.Option("--limit", min=1, help="At most so many; default: all.")], None
        )
    for name, option in command.saves.items():
        yield _keyword(
            f"save_{name}",
            Annotated[str, typer.Option(f"--{option}", metavar="FILE", help="The file it is written to.")],
            "",
        )
    if names_house:
        yield _keyword("house", _House, "")
    yield _keyword("data", Data, None)
    yield _keyword("target", Target, None)
    yield _keyword("json", Json, False)
    yield _keyword("id", _Id, False)
