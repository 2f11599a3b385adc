"""Runs one command: session, house, request, call, printout; and says in words why one was refused."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import grpc
import typer
import uvloop
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from rich.markup import escape

from services.console.house.command import Command, Subject
from services.console.house.connection import Connection, Where, connected_to
from services.console.house.fields import OptionField, fields_of, set_fields
from services.console.house.known_plan import fill_plan_version
from services.console.house.logins import Login
from services.console.house.printing import Shown, print_answer
from services.console.house.request import Extras, Given, request_of
from services.console.house.values import HouseTerms
from services.console.terminal import ERR, OUT, fail
from services.contracts.bounds import MAX_PAGE_SIZE
from services.runtime.errors import Fatal, Fault, FieldInvalid, Violation
from services.runtime.ids import RandomIds
from services.runtime.rpc.errors import refusal_of

_REFUSED = 1


class NoAnswer(Fault):
    """The service does not answer; whether the command had its effect is not known."""


class FileNotWritten(Fatal):
    """The file cannot be written."""


class LocallyRefused(Exception):
    """The request was not sent: what was given stands for no values."""

    def __init__(self, refusal: FieldInvalid) -> None:
        super().__init__(refusal.reason())
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that people said with a command."""

    given: Given
    where: Where
    house: str = ""
    extras: Extras = field(default_factory=Extras)
    # Which of two times is meant: 0 the earlier, 1 the later.
    fold: int | None = None
    # Option of a file -> its path.
    files: tuple[tuple[str, str], ...] = ()
    limit: int | None = None
    shown: Shown = Shown.TABLE
    # Of those that all answer the same; empty: all.
    integration: str = ""


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Runs to the end; status 1 for a refusal, 2 for what could not be asked or answered."""
    try:
        return uvloop.run(work)
    except LocallyRefused as error:
        _refuse(error.refusal.message() if not error.refusal.others else "", error.refusal.violations())
    except grpc.aio.AioRpcError as error:
        refusal = refusal_of(error)
        if refusal is None:
            fail(NoAnswer(status=error.code().name, details=error.details() or ""))
        # The message is the first of the fields', where it is about fields.
        _refuse("" if len(refusal.violations) > 1 else refusal.message, refusal.violations, refusal.reason)
    except Fault as error:
        fail(error)
    except (KeyboardInterrupt, asyncio.CancelledError) as stop:
        ERR.print("stopped")
        raise typer.Exit(130) from stop


def _refuse(message: str, violations: Sequence[Violation], reason: str = FieldInvalid.reason()) -> NoReturn:
    """Why not, in words; every field that is wrong on a line of its own."""
    ERR.print(f"[red]refused[/] ({reason})" + (f": {escape(message)}" if message else ":"), highlight=False)
    if len(violations) > 1:
        for violation in violations:
            ERR.print(f"  {escape(violation.description)}", highlight=False)
    raise typer.Exit(_REFUSED)


async def call(subject: Subject, command: Command, fields: Sequence[OptionField], asked: Asked) -> None:
    """Calls the command's method as whoever is logged in, and prints the answer."""
    login = _login(subject, command, fields, asked)
    targets = _targets(subject, asked)
    async with connected_to(asked.where) as connection:
        if login is not None:
            await connection.act_as(login)
        terms, house_id = HouseTerms("UTC", "EUR", asked.fold), ""
        shape = subject.method_of(command).input_type
        house_path = subject.house_path(command)
        if house_path and login is not None:
            house = await connection.house(asked.house, login.house_id)
            terms, house_id = HouseTerms(house.time_zone, house.currency, asked.fold), house.house_id
        extras = replace(asked.extras, idempotency_key=asked.extras.idempotency_key or RandomIds().new_id("cli"))
        request: Any = request_of(shape, fields, asked.given, terms, extras)
        if isinstance(request, FieldInvalid):
            raise LocallyRefused(request)
        if house_id:
            holder = request
            for name in house_path[:-1]:
                holder = getattr(holder, name)
            setattr(holder, house_path[-1], house_id)
        if "session_secret" in shape.fields_by_name and login is not None:
            # So that this session goes on when all others end.
            request.session_secret = login.session_secret
        await fill_plan_version(connection, house_id, request)
        await _read_etag(connection, subject, command, request)
        answer = await _answer(connection, targets, subject.method_of(command), request, asked.limit)
    for option, path in asked.files:
        _save(answer, option, path)
    for name in command.saves:
        answer.ClearField(name)
    if command.drawn is not None and asked.shown is Shown.TABLE:
        OUT.print(command.drawn(answer))
    else:
        print_answer(answer, command.columns, terms.time_zone, asked.shown)


def _targets(subject: Subject, asked: Asked) -> tuple[str, ...]:
    """Who is asked (LocallyRefused)."""
    if not subject.among:
        return (subject.target,)
    if asked.integration and asked.integration not in subject.among:
        raise LocallyRefused(FieldInvalid("integration", f"is {asked.integration}", ", ".join(subject.among)))
    return (asked.integration,) if asked.integration else subject.among


async def _answer(
    connection: Connection, targets: Sequence[str], method: MethodDescriptor, request: Any, limit: int | None
) -> Message:
    """Of several services one answer with the rows of all."""
    whole = await _pages(connection, targets[0], method, request, limit)
    for target in targets[1:]:
        request.page_token = ""
        whole.MergeFrom(await _pages(connection, target, method, request, limit))
    return whole


def _login(subject: Subject, command: Command, fields: Sequence[OptionField], asked: Asked) -> Login | None:
    """Who calls (NotLoggedIn); None: nobody, by a method for everybody and with what proves it in the request."""
    if subject.is_public(command) and (
        any(one.is_secret and asked.given.get(one.key) for one in fields) or not asked.where.logins().exist()
    ):
        return None
    return asked.where.logins().read()


async def _read_etag(connection: Connection, subject: Subject, command: Command, request: Any) -> None:
    """Where nobody gave an etag, what the thing is now is what is meant to be changed."""
    if command.etag is None or request.etag:
        return
    method = subject.service.methods_by_name[command.etag.method]
    reading = GetMessageClass(method.input_type)()
    for wanted in fields_of(reading):
        if wanted.name not in {"page_size", "page_token"}:
            setattr(reading, wanted.name, _found(request, wanted.name))
    answer: Any = await _pages(connection, subject.target, method, reading, None)
    thing = getattr(answer, fields_of(answer)[0].name)
    if command.etag.row:
        row = _found(request, command.etag.row)
        thing = next((each for each in thing if getattr(each, command.etag.row) == row), None)
    # What is not there is told by the method itself.
    request.etag = getattr(thing, command.etag.field) if thing is not None else "unknown"


def _found(request: Message, name: str) -> Any:
    """The field of that name in the request or in the thing that it holds."""
    own = {there.name: value for there, value in set_fields(request)}
    if name in own:
        return own[name]
    for value in own.values():
        if isinstance(value, Message) and name in value.DESCRIPTOR.fields_by_name:
            return getattr(value, name)
    return ""


async def _pages(
    connection: Connection, target: str, method: MethodDescriptor, request: Any, limit: int | None
) -> Message:
    """The answer; of a list all pages in one, or as many rows as were asked for."""
    if "page_token" not in method.input_type.fields_by_name:
        return await connection.call(target, method, request)
    whole = GetMessageClass(method.output_type)()
    rows = next(field.name for field in method.output_type.fields if field.is_repeated)
    while True:
        left = MAX_PAGE_SIZE if limit is None else min(MAX_PAGE_SIZE, limit - len(getattr(whole, rows)))
        request.page_size = left
        page: Any = await connection.call(target, method, request)
        whole.MergeFrom(page)
        request.page_token = page.next_page_token
        if not page.next_page_token or (limit is not None and len(getattr(whole, rows)) >= limit):
            whole.ClearField("next_page_token")
            return whole


def _save(answer: Message, field: str, path: str) -> None:
    try:
        Path(path).expanduser().write_bytes(getattr(answer, field))
    except OSError as error:
        raise FileNotWritten(path=path, problem=error.strerror) from error
