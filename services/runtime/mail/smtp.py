"""Letters by SMTP. Tells apart what the server has, what it has not, and what nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.runtime.mail.faults import AddressRefused, LetterUncertain, PostUnavailable, fault_of
from services.runtime.mail.letter import Attachment, LetterText
from services.runtime.mail.message import message_of
from services.runtime.telemetry.logging import get_logger

_TIMEOUT_SECONDS: Final = 30.0
# Servers end connections that have carried so many; before they do is politer.
_LETTERS_A_CONNECTION: Final = 100
# "Service not available, closing transmission channel": said by a server that was kept waiting.
_CLOSING: Final = 421

_log = get_logger("mail")


class _Client(aiosmtplib.SMTP):
    """Knows whether a letter has begun to leave, and how many have left."""

    has_begun = False
    letters = 0

    async def data(self, *content: Any, **how: Any) -> Any:
        """See aiosmtplib.SMTP.data."""
        self.has_begun = True
        return await super().data(*content, **how)


class SmtpPost:
    """See Post. smtp:// takes TLS where the server offers it, smtps:// is TLS from the first byte.

    `kept`: so many connections stay open for the next letters; 0: each letter has its own.
    """

    def __init__(self, url: str, sender: str, *, kept: int = 0) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port
        self._is_tls = parts.scheme == "smtps"
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender
        self._most_kept = kept
        self._kept: list[_Client] = []

    async def send(
        self, letter_id: str, to: str, text: LetterText, language: str, attached: Sequence[Attachment] = ()
    ) -> None:
        message = message_of(letter_id, self._sender, to, text, language, attached)
        while self._kept:
            client = self._kept.pop()
            if client.is_connected and await self._sent(client, message, was_kept=True):
                _log.info("letter_sent", letter_id=letter_id)
                return
        client = _Client(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._is_tls,
            timeout=_TIMEOUT_SECONDS,
        )
        try:
            await client.connect()
        except aiosmtplib.SMTPResponseException as error:
            raise fault_of(error.code) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise PostUnavailable(why=type(error).__name__) from None
        await self._sent(client, message)
        _log.info("letter_sent", letter_id=letter_id)

    async def close(self) -> None:
        """See Post.close. A server that says nothing to it is left alone."""
        kept, self._kept = self._kept, []
        for client in kept:
            await _left(client)

    async def _sent(self, client: _Client, message: Any, *, was_kept: bool = False) -> bool:
        """False: the server had closed a connection that was kept, before it had anything of the letter."""
        client.has_begun = False
        is_whole = False
        try:
            await client.send_message(message)
            is_whole = True
        except aiosmtplib.SMTPRecipientsRefused as error:
            is_whole = True
            code = min((refused.code for refused in error.recipients), default=500)
            raise (AddressRefused(code=code) if code >= 500 else PostUnavailable(code=code)) from None
        except aiosmtplib.SMTPResponseException as error:
            if was_kept and error.code == _CLOSING and not client.has_begun:
                return False
            raise fault_of(error.code) from None
        except (aiosmtplib.SMTPNotSupported, ValueError):
            # An address that this server has no letters for.
            is_whole = True
            raise AddressRefused(code=553) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            # Without what the library says: addresses are in it.
            if was_kept and not client.has_begun:
                return False
            raise (LetterUncertain if client.has_begun else PostUnavailable)(why=type(error).__name__) from None
        finally:
            await self._put_back(client, is_whole=is_whole)
        return True

    async def _put_back(self, client: _Client, *, is_whole: bool) -> None:
        client.letters += 1
        may_stay = is_whole and client.is_connected and client.letters < _LETTERS_A_CONNECTION
        if may_stay and len(self._kept) < self._most_kept:
            self._kept.append(client)
        elif is_whole:
            await _left(client)
        else:
            client.close()


async def _left(client: _Client) -> None:
    """What the letter's fate is has been said by then."""
    try:
        if client.is_connected:
            await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        pass
    finally:
        client.close()
