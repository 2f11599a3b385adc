"""Passwords: from a file, from the environment, or asked for. They are kept nowhere and are on no command line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from google.api import field_behavior_pb2

from services.console.house.fields import OptionField, behaviours
from services.console.house.request import Given


def variable_of(name: str) -> str:
    """The variable of the environment that a password of that name may come from."""
    return f"BALCON_{name.upper()}"


def password_of(file: Path | None, name: str = "password", *, is_new: bool = False) -> str:
    """From the file, else from its variable, else asked for."""
    if file is None:
        words = name.replace("_", " ").capitalize()
        return os.environ.get(variable_of(name)) or str(
            typer.prompt(words, hide_input=True, confirmation_prompt=is_new)
        )
    try:
        return file.expanduser().read_text().rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read", param_hint=f"--{name.replace('_', '-')}-file") from error


def with_secrets(fields: Sequence[OptionField], given: Given) -> dict[str, Any]:
    """What was given, with the passwords that it needs: those that must be, and those of things that were begun."""
    whole = dict(given)
    for one in fields:
        if not one.is_secret:
            continue
        siblings = [each for each in fields if each.path[:-1] == one.path[:-1] and not each.is_secret]
        is_begun = bool(one.path[:-1]) and any(given.get(each.key) for each in siblings)
        is_needed = one.required or (is_begun and field_behavior_pb2.REQUIRED in behaviours(one.field))
        file = given.get(one.key)
        # What need not be given is not asked for: an update of something else leaves it as it is.
        unasked = os.environ.get(variable_of(one.field.name))
        whole[one.key] = password_of(file, one.field.name) if file or is_needed else unasked
    return whole
