"""A house's account at MailChimp: where it is kept, and what may be told of its key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from services.runtime.errors import UNSET, FieldInvalid

# 32 letters and digits, and the data centre that the account is kept in: a part of a host name, so nothing else passes.
_KEY: Final = re.compile(r"[0-9A-Za-z]{16,64}-([a-z]{2,4}[0-9]{1,3})")
_LIMIT: Final = "as MailChimp shows it: 32 letters and digits, a hyphen and its data centre, such as us6"
_TAIL_CHARS: Final = 4


@dataclass(frozen=True, slots=True)
class Account:
    """What may be told of it. `tail`: the end of the key, for people to know it by."""

    house_id: str
    data_centre: str
    tail: str
    set_at_ms: int


def refused_key_form(field: str, key: str) -> FieldInvalid | None:
    """The refusal for what is no API key by its form, else None. It is never repeated."""
    if _KEY.fullmatch(key):
        return None
    return FieldInvalid(field, "has not the form of a key" if key else UNSET, _LIMIT)


def account_of(house_id: str, key: str, now_ms: int) -> Account:
    """The account of a key that is not refused."""
    found = _KEY.fullmatch(key)
    assert found is not None, "refused otherwise"
    secret, _, data_centre = key.rpartition("-")
    return Account(house_id, data_centre, f"{secret[-_TAIL_CHARS:]}-{data_centre}", now_ms)
