"""The link in every mailed report by which its receiver stops it: sealed, so that nobody can stop somebody else's."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from services.runtime.errors import FieldInvalid
from services.runtime.seal import Seal, SealBroken

MAX_TOKEN_CHARS = 1_024
_NOT_OURS = FieldInvalid("stop_token", "is in no mail of ours", "the end of the link in the mail")


@dataclass(frozen=True, slots=True)
class StopLink:
    """Who wants to hear no more of what."""

    house_id: str
    schedule_id: str
    receiver_id: str


class StopLinks:
    """`public_url` is where this service's HTTP port is for people who read mails."""

    def __init__(self, seal: Seal, public_url: str) -> None:
        self._seal = seal
        self._public_url = public_url.rstrip("/")

    def url(self, link: StopLink) -> str:
        """Where to stop it; good for as long as the schedule is there."""
        return f"{self._public_url}/stop/{self.token(link)}"

    def token(self, link: StopLink) -> str:
        """What the address ends with."""
        return self._seal.sealed(msgspec.json.encode(link)).decode().rstrip("=")

    def read(self, token: str) -> StopLink | FieldInvalid:
        """What a token of ours stands for."""
        if not token or len(token) > MAX_TOKEN_CHARS or not token.isascii():
            return _NOT_OURS
        padded = token + "=" * (-len(token) % 4)
        try:
            opened = self._seal.opened(padded.encode())
        except SealBroken:
            return _NOT_OURS
        return msgspec.json.decode(opened, type=StopLink)
