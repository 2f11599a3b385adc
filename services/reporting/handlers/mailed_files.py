"""The files of a mailed report, made once a run: what may be seen is asked at that moment (R3.10)."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.reporting.domain.report_kinds import FileFormat
from services.reporting.domain.saved_report import SavedReport
from services.reporting.handlers.sights import Sights
from services.reporting.ports.figures import Sight
from services.reporting.ports.grants import GrantedHouse
from services.reporting.ports.owners import HouseFacts
from services.reporting.ports.report_files import ReportFiles, ReportQuestion
from services.runtime.errors import Refusal
from services.runtime.mail.letter import Attachment

# What mail servers usually take, less what base64 adds.
MAX_ATTACHED_BYTES: Final = 15 * 1024 * 1024
ReadQuestion = Callable[[bytes], ReportQuestion]


@dataclass(frozen=True, slots=True)
class MadeFiles:
    """What goes with the mail, and the names of what is too large for one."""

    attached: tuple[Attachment, ...]
    left_out: tuple[str, ...]


class MailedFileMaker:
    """`read` understands a question as it is kept."""

    def __init__(
        self, files: ReportFiles, sights: Sights, read: ReadQuestion, most_bytes: int = MAX_ATTACHED_BYTES
    ) -> None:
        self._files = files
        self._sights = sights
        self._read = read
        self._most_bytes = most_bytes

    async def made(
        self, house_id: str, house: HouseFacts, report: SavedReport, due_at_ms: int, *, sees_all: bool
    ) -> MadeFiles | Refusal:
        """A house's own shows the whole house; a promoter's what houses grant at this moment. Faults as ReportFiles.

        Not `sees_all`: of what is granted only what the house itself grants. Days such as yesterday are those before
        the moment that it was due at, however late it is made.
        """
        question = dataclasses.replace(self._read(report.question), as_of_ms=due_at_ms)
        is_promoters = bool(report.promoter_id)
        if is_promoters:
            granted = await self._sights.of(report.promoter_id)
            houses = [one for one in granted if sees_all or one.house_id == house_id]
        else:
            houses = [GrantedHouse(house_id, house.label, house.name, Sight(house_id, whole_house=True))]
        attached: list[Attachment] = []
        left_out: list[str] = []
        room = self._most_bytes
        for name in report.formats:
            async with self._files.made(question, houses, FileFormat(name), for_promoter=is_promoters) as made:
                if isinstance(made, Refusal):
                    return made
                if made.size_bytes > room:
                    left_out.append(made.name)
                    continue
                room -= made.size_bytes
                content = await asyncio.to_thread(made.file.read)
                attached.append(Attachment(made.name, made.content_type, content))
        return MadeFiles(tuple(attached), tuple(left_out))
