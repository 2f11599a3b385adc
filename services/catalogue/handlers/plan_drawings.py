"""Takes requests to draw a plan, and what becomes of them (R2.13). Each look of the operator is one of the acts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from services.catalogue.domain.drawing_request import (
    PDF_TYPE,
    Attachment,
    DrawingRequest,
    DrawingState,
    attachment_type,
    declined,
    delivered,
    refused_notes,
    started,
)
from services.catalogue.domain.hall import usable_hall
from services.catalogue.domain.plan_document import refused_size
from services.catalogue.domain.plan_version import PlanFiles
from services.catalogue.domain.refusals import PlanDrawingEnded, PlanDrawingNotFound
from services.catalogue.handlers.once import once
from services.catalogue.handlers.plan_intake import PlanIntake, add_version
from services.catalogue.ports.drawing_queue import DrawingQueue
from services.catalogue.ports.poster_maker import PosterMaker
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.bounds import MAX_REASON_CHARS
from services.contracts.once import Asked
from services.contracts.pages import AskedPage, asked_page, token_after
from services.contracts.texts import refused_idempotency_key, refused_text
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, Refusal, refused_fields
from services.runtime.ids import Ids, refused_key


@dataclass(frozen=True, slots=True)
class DrawingPage:
    """Requests, the oldest first; `next_page_token` is empty on the last page."""

    requests: Sequence[DrawingRequest]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class OpenedDrawing:
    """A request with what was attached to it."""

    request: DrawingRequest
    attachment: Attachment | None


class PlanDrawingHandler:
    """What has an `asked` answers in wire form, as that writes it."""

    def __init__(
        self,
        store: CatalogueStore,
        queue: DrawingQueue,
        intake: PlanIntake,
        pictures: PosterMaker,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._queue = queue
        self._intake = intake
        self._pictures = pictures
        self._clock = clock
        self._ids = ids

    async def request(
        self, asked: Asked[DrawingRequest], house_id: str, hall_id: str, notes: str, content: bytes
    ) -> bytes | Refusal:
        """Refusals: FieldInvalid, HallNotFound, HallArchived, IdempotencyKeyReused, Overloaded."""
        media_type = attachment_type(content)
        if refusal := refused_fields(
            (
                refused_key("house_id", house_id),
                refused_key("hall_id", hall_id),
                refused_notes(notes),
                media_type if isinstance(media_type, FieldInvalid) else None,
                refused_idempotency_key(asked.key),
            )
        ):
            return refusal
        assert isinstance(media_type, str)
        if media_type not in {"", PDF_TYPE}:
            # Decoded once, and thrown away: a picture that is none, cut short or a bomb goes to nobody's desk.
            seen = await self._pictures.images("attachment", content)
            if isinstance(seen, Refusal):
                return seen

        async def act(transaction: CatalogueTransaction) -> DrawingRequest | Refusal:
            hall = usable_hall(hall_id, await transaction.halls.hall(house_id, hall_id))
            if isinstance(hall, Refusal):
                return hall
            now_ms = self._clock.now_ms()
            made = DrawingRequest(
                self._ids.new_id("drw"), house_id, hall_id, notes, media_type, DrawingState.REQUESTED, now_ms, now_ms
            )
            await transaction.drawings.add(made, content)
            await transaction.record_act(house_id, _act("requested", made))
            return made

        return await once(self._store, house_id, asked, DrawingRequest, act)

    async def of_house(self, house_id: str, page_size: int, page_token: str) -> DrawingPage | Refusal:
        """Refusals: FieldInvalid."""
        asked = asked_page(page_size, page_token, house_id, refused_key("house_id", house_id))
        if isinstance(asked, FieldInvalid):
            return asked
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.drawings.page(house_id, asked.after, asked.size + 1)
        return _page(found, asked, house_id)

    async def queue(
        self, states: Collection[DrawingState | None], page_size: int, page_token: str
    ) -> DrawingPage | Refusal:
        """For the operator: which requests there are, with nothing of what is in them. Refusals: FieldInvalid."""
        known = {state for state in states if state is not None}
        limit = ", ".join(state.value for state in DrawingState)
        unknown = FieldInvalid("states", "has one that is unknown", limit) if None in states else None
        asked = asked_page(page_size, page_token, "", unknown)
        if isinstance(asked, FieldInvalid):
            return asked
        found = await self._queue.page(
            known or {DrawingState.REQUESTED, DrawingState.IN_WORK}, asked.after, asked.size + 1
        )
        return _page(found, asked, "")

    async def get(self, house_id: str, drawing_id: str) -> OpenedDrawing | Refusal:
        """For the house. Refusals: FieldInvalid, PlanDrawingNotFound."""
        if refusal := _refused_ids(house_id, drawing_id):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            return await _opened(transaction, house_id, drawing_id)

    async def open(self, house_id: str, drawing_id: str) -> OpenedDrawing | Refusal:
        """The same for the operator, told to the house's act log. Refusals: FieldInvalid, PlanDrawingNotFound."""
        if refusal := _refused_ids(house_id, drawing_id):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            opened = await _opened(transaction, house_id, drawing_id)
            if isinstance(opened, OpenedDrawing):
                await transaction.record_act(house_id, _act("seen_by_operator", opened.request))
                await transaction.commit()
            return opened

    async def start(self, house_id: str, drawing_id: str) -> DrawingRequest | Refusal:
        """Starting twice is fine. Refusals: FieldInvalid, PlanDrawingNotFound, PlanDrawingEnded."""
        if refusal := _refused_ids(house_id, drawing_id):
            return refusal
        return await self._change(house_id, drawing_id, "started", lambda found: started(found, self._clock.now_ms()))

    async def decline(self, house_id: str, drawing_id: str, reason: str) -> DrawingRequest | Refusal:
        """Declining twice for one reason is fine. Refusals: FieldInvalid, PlanDrawingNotFound, PlanDrawingEnded."""
        checks = _refused_ids(house_id, drawing_id), refused_text("reason", reason, at_most=MAX_REASON_CHARS)
        if refusal := refused_fields(checks):
            return refusal

        def decide(found: DrawingRequest) -> DrawingRequest | PlanDrawingEnded | None:
            if found.state is DrawingState.DECLINED and found.reason == reason:
                return None
            return declined(found, reason, self._clock.now_ms())

        return await self._change(house_id, drawing_id, "declined", decide)

    async def _change(
        self,
        house_id: str,
        drawing_id: str,
        done: str,
        decide: Callable[[DrawingRequest], DrawingRequest | PlanDrawingEnded | None],
    ) -> DrawingRequest | Refusal:
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.drawings.find(house_id, drawing_id, locked=True)
            if found is None:
                return PlanDrawingNotFound(drawing_id)
            changed = decide(found)
            if changed is None:
                return found
            if isinstance(changed, Refusal):
                return changed
            await transaction.drawings.save(changed)
            await transaction.record_act(house_id, _act(done, changed))
            await transaction.commit()
            return changed

    async def deliver(
        self, asked: Asked[DrawingRequest], house_id: str, drawing_id: str, sent: PlanFiles
    ) -> bytes | Refusal:
        """The plan is the next version of the hall that it was asked for.

        Refusals: FieldInvalid, PlanInvalid, PlanDrawingNotFound, PlanDrawingEnded, HallArchived, Overloaded,
        IdempotencyKeyReused.
        """
        if refusal := refused_fields(
            (
                _refused_ids(house_id, drawing_id),
                refused_idempotency_key(asked.key),
                refused_size(len(sent.document), len(sent.sidecar)),
            )
        ):
            return refusal
        read = await self._intake.read(sent)
        if isinstance(read, Refusal):
            return read

        async def act(transaction: CatalogueTransaction) -> DrawingRequest | Refusal:
            found = await transaction.drawings.find(house_id, drawing_id, locked=True)
            if found is None:
                return PlanDrawingNotFound(drawing_id)
            # Before the plan is added: a request that has ended adds none.
            ended = delivered(found, 0, self._clock.now_ms())
            if isinstance(ended, Refusal):
                return ended
            added = await add_version(
                transaction, house_id, found.hall_id, read, "plan.delivered", facts={"drawing_id": drawing_id}
            )
            if isinstance(added, Refusal):
                return added
            done = delivered(found, added.plan_version, self._clock.now_ms())
            assert isinstance(done, DrawingRequest)
            await transaction.drawings.save(done)
            return done

        return await once(self._store, house_id, asked, DrawingRequest, act)


async def _opened(transaction: CatalogueTransaction, house_id: str, drawing_id: str) -> OpenedDrawing | Refusal:
    found = await transaction.drawings.find(house_id, drawing_id)
    if found is None:
        return PlanDrawingNotFound(drawing_id)
    return OpenedDrawing(found, await transaction.drawings.attachment(house_id, drawing_id))


def _page(found: Sequence[DrawingRequest], asked: AskedPage, owner_id: str) -> DrawingPage:
    page = found[: asked.size]
    more = len(found) > len(page)
    return DrawingPage(page, token_after(owner_id, page[-1].drawing_id, page[-1].requested_at_ms) if more else "")


def _act(done: str, request: DrawingRequest) -> Act:
    return Act(
        f"plan_drawing.{done}",
        "plan_drawing",
        request.drawing_id,
        reason=request.reason,
        facts={"hall_id": request.hall_id},
    )


def _refused_ids(house_id: str, drawing_id: str) -> FieldInvalid | None:
    return refused_fields((refused_key("house_id", house_id), refused_key("drawing_id", drawing_id)))
