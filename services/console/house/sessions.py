"""Signing up, logging in and out, and choosing a house: the commands that are about who asks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from balcon.accounts.v1 import accounts_service_pb2 as pb
from google.protobuf.json_format import MessageToDict

from services.console.house.connection import Connection, Where, connected_to
from services.console.house.logins import Login
from services.console.house.running import run
from services.console.house.secrets import password_of
from services.console.options import Data, Json, Target
from services.console.terminal import OUT, print_json
from services.runtime.ids import RandomIds

_DEVICE = "balcon on a shell"

Email = Annotated[str, typer.Option("--email", help="Your address.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="A file with the password; default: BALCON_PASSWORD, or you are asked."),
]


def sign_up(  # noqa: PLR0913, PLR0917 (each is an option)
    label: Annotated[str, typer.Option(help="The house's part of the address: lower case letters, digits, hyphens.")],
    name: Annotated[str, typer.Option(help="The house's name that people read.")],
    time_zone: Annotated[str, typer.Option(help="Such as Europe/Amsterdam.")],
    currency: Annotated[str, typer.Option(help="Such as EUR.")],
    language: Annotated[list[str], typer.Option(help="en, nl, de or nb; the first is the default.")],
    your_name: Annotated[str, typer.Option(help="What you are called.")],
    email: Email,
    password_file: PasswordFile = None,
    data: Data = None,
    target: Target = None,
    json: Json = False,
) -> None:
    """Makes a house, and you as its owner; you are logged in afterwards."""
    request = pb.SignUpRequest(
        idempotency_key=RandomIds().new_id("cli"),
        label=label,
        house_name=name,
        time_zone=time_zone,
        currency=currency,
        languages=language,
        person_name=your_name,
        email=email,
        password=password_of(password_file, is_new=True),
    )

    async def work(where: Where) -> None:
        async with connected_to(where) as connection:
            house = (await connection.accounts().SignUp(request)).house
            await _log_in(connection, where, email, request.password)
        if json:
            print_json(MessageToDict(house, preserving_proto_field_name=True))
        else:
            OUT.print(f"House {house.label} is yours, {house.house_id}. You are logged in as {email}.", highlight=False)

    run(work(Where(data, target or [])))


def log_in(
    email: Email,
    password_file: PasswordFile = None,
    code: Annotated[str, typer.Option(help="Of your second factor, if you have one.")] = "",
    data: Data = None,
    target: Target = None,
) -> None:
    """Starts a session, which is kept until it ends or `logout`. The password is not kept."""
    secret = password_of(password_file)

    async def work(where: Where) -> None:
        async with connected_to(where) as connection:
            await _log_in(connection, where, email, secret, code)
        OUT.print(f"You are logged in as {email}.", highlight=False)

    run(work(Where(data, target or [])))


async def _log_in(connection: Connection, where: Where, email: str, password: str, code: str = "") -> None:
    request = pb.LogInRequest(email=email, password=password, device=_DEVICE, code=code)
    answer = await connection.accounts().LogIn(request)
    where.logins().write(Login(answer.person.email, answer.session_secret))


def log_out(data: Data = None, target: Target = None) -> None:
    """Ends the session."""

    async def work(where: Where) -> None:
        login = where.logins().read()
        async with connected_to(where) as connection:
            await connection.accounts().LogOut(pb.LogOutRequest(session_secret=login.session_secret))
        where.logins().forget()
        OUT.print("You are logged out.")

    run(work(Where(data, target or [])))


def who_am_i(data: Data = None, target: Target = None, json: Json = False) -> None:
    """Who is logged in, and what they are in which house."""

    async def work(where: Where) -> None:
        login = where.logins().read()
        async with connected_to(where) as connection:
            await connection.act_as(login)
            houses = (await connection.accounts().ListHouses(pb.ListHousesRequest())).houses
        told = [{"label": each.house.label, "roles": list(each.roles)} for each in houses]
        if json:
            print_json({"email": login.email, "houses": told})
            return
        OUT.print(login.email, highlight=False)
        for each in houses:
            chosen = " (chosen)" if each.house.house_id == login.house_id else ""
            OUT.print(f"  {each.house.label}: {', '.join(each.roles)}{chosen}", highlight=False)

    run(work(Where(data, target or [])))


def use(house: Annotated[str, typer.Argument(help="Label or id.")], data: Data = None, target: Target = None) -> None:
    """Chooses the house that commands are about from now on."""

    async def work(where: Where) -> None:
        logins = where.logins()
        login = logins.read()
        async with connected_to(where) as connection:
            await connection.act_as(login)
            found = await connection.house(house, "")
        logins.write(Login(login.email, login.session_secret, found.house_id))
        OUT.print(f"Commands are about {found.label} from now on.", highlight=False)

    run(work(Where(data, target or [])))


def add_sessions(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command(name="sign-up")(sign_up)
    app.command(name="login")(log_in)
    app.command(name="logout")(log_out)
    app.command(name="whoami")(who_am_i)
    app.command(name="use")(use)
