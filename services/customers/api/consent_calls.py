"""balcon.customers.v1.ConsentsService: questions, answers, lists and audiences."""

from __future__ import annotations

from balcon.customers.v1 import consents_service_pb2 as pb

from services.contracts.bounds import MAX_PAGE_SIZE, MAX_REASON_CHARS
from services.contracts.changes import refused_change
from services.contracts.house_time import calendar_day
from services.contracts.pages import AskedPage, asked_page
from services.contracts.texts import refused_idempotency_key, refused_text
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import instant_ms
from services.customers.api.consent_messages import (
    answered_messages,
    consent_message,
    consented_message,
    double_opt_in_of,
    medium_of,
    member_message,
    refused_consent_ids,
    refused_ids,
    refused_ticks,
    scope_of,
    settings_message,
    texts_of,
    ticks_of,
)
from services.customers.domain.answer import ConsentSource
from services.customers.domain.audience import AudienceFilter
from services.customers.domain.consent import (
    MAX_TICKS,
    Consent,
    Tick,
    refused_consent_texts,
    refused_position,
    refused_thing,
)
from services.customers.domain.link import refused_secret
from services.customers.domain.uploads import read_people
from services.customers.handlers.answering import Said
from services.customers.handlers.answers import AnswerHandler
from services.customers.handlers.audiences import AudienceHandler
from services.customers.handlers.consents import ConsentHandler, WantedConsent
from services.customers.handlers.uploads import Uploaded, UploadHandler, WantedUpload
from services.runtime.access.refusals import HouseNotFound
from services.runtime.call_context import current_principal
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered
from services.runtime.rpc.interceptors import Context

_CHANGEABLE = frozenset({"position", "texts"})


class ConsentCalls:
    """Stateless; everything lives in the handlers."""

    _consents: ConsentHandler
    _answers: AnswerHandler
    _uploads: UploadHandler
    _audiences: AudienceHandler

    async def CreateConsent(self, request: pb.CreateConsentRequest, context: Context) -> pb.CreateConsentResponse:  # noqa: N802
        scope, medium, texts = scope_of(request.scope), medium_of(request.medium), texts_of(request.texts)
        accept(
            refused_key("house_id", request.house_id),
            scope if isinstance(scope, FieldInvalid) else refused_thing(scope, request.thing_id),
            refused_key("thing_id", request.thing_id) if request.thing_id else None,
            medium if isinstance(medium, FieldInvalid) else None,
            refused_position(request.position),
            refused_consent_texts("texts", texts),
            refused_idempotency_key(request.idempotency_key),
        )
        assert not isinstance(scope, FieldInvalid), "refused otherwise"
        assert not isinstance(medium, FieldInvalid), "refused otherwise"

        def response(consent: Consent) -> pb.CreateConsentResponse:
            return pb.CreateConsentResponse(consent=consent_message(consent))

        wanted = WantedConsent(scope, request.thing_id, medium, request.position, texts)
        written = await self._consents.create(asked_once(request, response), request.house_id, wanted)
        return pb.CreateConsentResponse.FromString(answered(written))

    async def UpdateConsent(self, request: pb.UpdateConsentRequest, context: Context) -> pb.UpdateConsentResponse:  # noqa: N802
        paths, wanted = set(request.update_mask.paths), request.consent
        texts = texts_of(wanted.texts) if "texts" in paths else None
        accept(
            refused_key("house_id", request.house_id),
            None if request.HasField("consent") else FieldInvalid("consent", UNSET, "the new values"),
            refused_key("consent.consent_id", wanted.consent_id),
            refused_change(request.etag, request.update_mask.paths, _CHANGEABLE),
            refused_position(wanted.position) if "position" in paths else None,
            None if texts is None else refused_consent_texts("consent.texts", texts),
        )
        position = wanted.position if "position" in paths else None
        consent = await self._consents.update(
            request.house_id, wanted.consent_id, request.etag, position=position, texts=texts
        )
        return pb.UpdateConsentResponse(consent=consent_message(answered(consent)))

    async def ArchiveConsent(self, request: pb.ArchiveConsentRequest, context: Context) -> pb.ArchiveConsentResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("consent_id", request.consent_id))
        consent = answered(await self._consents.archive(request.house_id, request.consent_id))
        return pb.ArchiveConsentResponse(consent=consent_message(consent))

    async def GetConsent(self, request: pb.GetConsentRequest, context: Context) -> pb.GetConsentResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("consent_id", request.consent_id))
        consent = answered(await self._consents.get(request.house_id, request.consent_id))
        return pb.GetConsentResponse(consent=consent_message(consent))

    async def ListConsents(self, request: pb.ListConsentsRequest, context: Context) -> pb.ListConsentsResponse:  # noqa: N802
        performance_id = request.performance_id
        accept(
            refused_key("house_id", request.house_id),
            refused_key("performance_id", performance_id) if performance_id else None,
        )
        found = await self._consents.asked(request.house_id, performance_id, archived=request.include_archived)
        return pb.ListConsentsResponse(consents=[consent_message(one) for one in found])

    async def AnswerConsents(self, request: pb.AnswerConsentsRequest, context: Context) -> pb.AnswerConsentsResponse:  # noqa: N802
        accept(
            refused_key("house_id", request.house_id),
            refused_key("customer_id", request.customer_id),
            refused_ticks("ticks", request.ticks),
            refused_consent_ids("withdrawn_consent_ids", request.withdrawn_consent_ids),
        )
        said = Said(ConsentSource.BOX_OFFICE, ticks_of(request.ticks), tuple(request.withdrawn_consent_ids))
        stands = answered(await self._answers.answer(request.house_id, request.customer_id, said))
        return pb.AnswerConsentsResponse(consents=answered_messages(stands))

    async def ListCustomerConsents(  # noqa: N802
        self, request: pb.ListCustomerConsentsRequest, context: Context
    ) -> pb.ListCustomerConsentsResponse:
        accept(refused_key("house_id", request.house_id), refused_key("customer_id", request.customer_id))
        stands = answered(await self._answers.of_customer(request.house_id, request.customer_id))
        return pb.ListCustomerConsentsResponse(consents=answered_messages(stands))

    async def ConfirmConsents(  # noqa: N802
        self, request: pb.ConfirmConsentsRequest, context: Context
    ) -> pb.ConfirmConsentsResponse:
        accept(refused_key("house_id", request.house_id), refused_secret("secret", request.secret))
        told = answered(await self._answers.confirm(request.house_id, request.secret))
        return pb.ConfirmConsentsResponse(consent_ids=told)

    async def UploadConsents(self, request: pb.UploadConsentsRequest, context: Context) -> pb.UploadConsentsResponse:  # noqa: N802
        day, source = calendar_day(request.date), request.source.strip()
        people = read_people("csv", request.csv) if request.csv else FieldInvalid("csv", UNSET, "the list")
        accept(
            refused_key("house_id", request.house_id),
            refused_key("consent_id", request.consent_id),
            None if request.text_version else FieldInvalid("text_version", UNSET, "1 or more"),
            refused_text("source", source, at_most=MAX_REASON_CHARS),
            None if day else FieldInvalid("date", f"is {request.date[:20]!r}" if request.date else UNSET, "YYYY-MM-DD"),
            people if isinstance(people, FieldInvalid) else None,
            refused_idempotency_key(request.idempotency_key),
        )
        assert day is not None, "refused otherwise"
        assert not isinstance(people, FieldInvalid), "refused otherwise"

        def response(done: Uploaded) -> pb.UploadConsentsResponse:
            return pb.UploadConsentsResponse(
                confirmed=done.confirmed, asked=done.asked, unchanged=done.unchanged, withdrawn=done.withdrawn
            )

        wanted = WantedUpload(Tick(request.consent_id, request.text_version), source, day, people)
        written = await self._uploads.upload(asked_once(request, response), request.house_id, wanted)
        return pb.UploadConsentsResponse.FromString(answered(written))

    async def GetConsentSettings(  # noqa: N802
        self, request: pb.GetConsentSettingsRequest, context: Context
    ) -> pb.GetConsentSettingsResponse:
        accept(refused_key("house_id", request.house_id))
        house = answered(await self._consents.settings(request.house_id))
        return pb.GetConsentSettingsResponse(settings=settings_message(house))

    async def SetConsentSettings(  # noqa: N802
        self, request: pb.SetConsentSettingsRequest, context: Context
    ) -> pb.SetConsentSettingsResponse:
        wanted = double_opt_in_of(request.double_opt_in)
        accept(refused_key("house_id", request.house_id), wanted if isinstance(wanted, FieldInvalid) else None)
        assert not isinstance(wanted, FieldInvalid), "refused otherwise"
        house = answered(await self._consents.settle(request.house_id, double_opt_in=wanted))
        return pb.SetConsentSettingsResponse(settings=settings_message(house))

    async def ListAudience(self, request: pb.ListAudienceRequest, context: Context) -> pb.ListAudienceResponse:  # noqa: N802
        asked = _asked(request, refused_key("consent_id", request.consent_id) if request.consent_id else None)
        wanted = AudienceFilter(request.consent_id, request.performance_id)
        page = await self._audiences.of_house(request.house_id, wanted, asked)
        members = [member_message(request.house_id, one) for one in page.members]
        return pb.ListAudienceResponse(members=members, next_page_token=page.next_page_token)

    async def ListConsented(self, request: pb.ListConsentedRequest, context: Context) -> pb.ListConsentedResponse:  # noqa: N802
        accept(
            refused_key("house_id", request.house_id),
            refused_ids("customer_ids", request.customer_ids, at_most=MAX_PAGE_SIZE),
            refused_ids("consent_ids", request.consent_ids, at_most=MAX_TICKS),
        )
        found = await self._audiences.consented(request.house_id, request.customer_ids, request.consent_ids)
        return pb.ListConsentedResponse(customers=map(consented_message, found))

    async def WithdrawConsents(  # noqa: N802
        self, request: pb.WithdrawConsentsRequest, context: Context
    ) -> pb.WithdrawConsentsResponse:
        accept(
            refused_key("house_id", request.house_id),
            refused_key("customer_id", request.customer_id),
            refused_ids("consent_ids", request.consent_ids, at_most=MAX_TICKS),
            None if request.HasField("said_at") else FieldInvalid("said_at", UNSET, "when it was said"),
            refused_text("system", request.system, at_most=MAX_REASON_CHARS),
        )
        said_at_ms = instant_ms(request.said_at)
        taken = await self._answers.withdraw(
            request.house_id, request.customer_id, request.consent_ids, said_at_ms, request.system
        )
        return pb.WithdrawConsentsResponse(consent_ids=answered(taken))

    async def ListGrantedAudience(  # noqa: N802
        self, request: pb.ListGrantedAudienceRequest, context: Context
    ) -> pb.ListGrantedAudienceResponse:
        asked = _asked(request)
        who = current_principal()
        if who is None:
            raise Refused(HouseNotFound(request.house_id))
        wanted = AudienceFilter(performance_id=request.performance_id)
        page = answered(await self._audiences.granted(who.subject, request.house_id, wanted, asked))
        members = [member_message(request.house_id, one) for one in page.members]
        return pb.ListGrantedAudienceResponse(members=members, next_page_token=page.next_page_token)


def _asked(request: pb.ListAudienceRequest | pb.ListGrantedAudienceRequest, *checks: FieldInvalid | None) -> AskedPage:
    performance_id = request.performance_id
    asked = asked_page(
        request.page_size,
        request.page_token,
        request.house_id,
        refused_key("house_id", request.house_id),
        refused_key("performance_id", performance_id) if performance_id else None,
        *checks,
    )
    if isinstance(asked, FieldInvalid):
        raise Refused(asked)
    return asked
