"""Letters by SMTP, or into a folder where a deployment has no mail server: one file each, for people to open."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from services.runtime.mail.letter import Attachment, LetterText
from services.runtime.mail.message import message_of
from services.runtime.mail.post import Post
from services.runtime.mail.smtp import SmtpPost
from services.runtime.settings import MailSettings
from services.runtime.telemetry.logging import get_logger

_log = get_logger("mail")


def post_of(settings: MailSettings, kept: int = 0) -> Post:
    """As the settings say (ValueError where they name neither a server nor a folder); `kept`: see SmtpPost."""
    url = settings.smtp_url.get_secret_value()
    if url:
        return SmtpPost(url, settings.mail_sender, kept=kept)
    if not settings.mail_folder:
        prefix = settings.model_config.get("env_prefix", "")
        message = f"{prefix}SMTP_URL or {prefix}MAIL_FOLDER must be set"
        raise ValueError(message)
    return FolderPost(Path(settings.mail_folder), settings.mail_sender)


class FolderPost:
    """See Post. For a stack on one machine; the folder is its user's own."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(
        self, letter_id: str, to: str, text: LetterText, language: str, attached: Sequence[Attachment] = ()
    ) -> None:
        message = message_of(letter_id, self._sender, to, text, language, attached)
        path = self._folder / f"{letter_id}.eml"
        await asyncio.to_thread(self._write, path, message.as_bytes())
        _log.info("letter_written", letter_id=letter_id, path=str(path))

    async def close(self) -> None:
        """See Post.close."""

    def _write(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
