"""balcon.accounts.v1.AccountsService, people: who calls, and who has the link of a mail."""

from __future__ import annotations

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.api.calls import calling_person
from services.accounts.api.people_messages import person_message
from services.accounts.api.requests import refused_code, refused_secret
from services.accounts.domain.person import refused_given_password, refused_password
from services.accounts.handlers.people import PersonHandler
from services.accounts.handlers.second_factors import SecondFactorHandler
from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.changes import refused_mask, refused_unset_etag
from services.contracts.email_addresses import email_address, refused_email
from services.contracts.languages import refused_language
from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context

_CHANGEABLE = frozenset({"name", "language"})


class PeopleCalls:
    """Stateless; everything lives in the handlers."""

    _people: PersonHandler
    _second_factors: SecondFactorHandler

    async def GetPerson(self, request: pb.GetPersonRequest, context: Context) -> pb.GetPersonResponse:  # noqa: N802
        return pb.GetPersonResponse(person=person_message(answered(await self._people.get(calling_person()))))

    async def UpdatePerson(self, request: pb.UpdatePersonRequest, context: Context) -> pb.UpdatePersonResponse:  # noqa: N802
        paths, change = set(request.update_mask.paths), request.person
        accept(
            refused_unset_etag(request.etag),
            None if request.HasField("person") else FieldInvalid("person", UNSET, "the new values"),
            refused_mask(request.update_mask.paths, _CHANGEABLE),
            refused_text("person.name", change.name, at_most=MAX_NAME_CHARS) if "name" in paths else None,
            refused_language("person.language", change.language) if "language" in paths else None,
        )
        person = await self._people.update(
            calling_person(),
            request.etag,
            name=change.name if "name" in paths else None,
            language=change.language if "language" in paths else None,
        )
        return pb.UpdatePersonResponse(person=person_message(answered(person)))

    async def ChangePassword(  # noqa: N802
        self, request: pb.ChangePasswordRequest, context: Context
    ) -> pb.ChangePasswordResponse:
        accept(
            refused_given_password(request.password),
            refused_password(request.new_password, "new_password"),
            refused_secret(request.session_secret, "session_secret") if request.session_secret else None,
        )
        person_id = calling_person()
        answered(
            await self._people.change_password(
                person_id, request.password, request.new_password, request.session_secret
            )
        )
        return pb.ChangePasswordResponse()

    async def ChangeEmail(self, request: pb.ChangeEmailRequest, context: Context) -> pb.ChangeEmailResponse:  # noqa: N802
        accept(refused_given_password(request.password), refused_email(request.email))
        email = answered(email_address(request.email))
        answered(await self._people.change_email(calling_person(), request.password, email))
        return pb.ChangeEmailResponse()

    async def ConfirmEmail(self, request: pb.ConfirmEmailRequest, context: Context) -> pb.ConfirmEmailResponse:  # noqa: N802
        accept(refused_secret(request.link_secret, "link_secret"))
        answered(await self._people.confirm_email(request.link_secret))
        return pb.ConfirmEmailResponse()

    async def RequestPasswordReset(  # noqa: N802
        self, request: pb.RequestPasswordResetRequest, context: Context
    ) -> pb.RequestPasswordResetResponse:
        accept(refused_email(request.email))
        await self._people.request_reset(answered(email_address(request.email)))
        return pb.RequestPasswordResetResponse()

    async def ResetPassword(  # noqa: N802
        self, request: pb.ResetPasswordRequest, context: Context
    ) -> pb.ResetPasswordResponse:
        accept(
            refused_secret(request.link_secret, "link_secret"), refused_password(request.new_password, "new_password")
        )
        answered(await self._people.reset_password(request.link_secret, request.new_password))
        return pb.ResetPasswordResponse()

    async def EnrolSecondFactor(  # noqa: N802
        self, request: pb.EnrolSecondFactorRequest, context: Context
    ) -> pb.EnrolSecondFactorResponse:
        accept(refused_given_password(request.password))
        uri = answered(await self._second_factors.enrol(calling_person(), request.password))
        return pb.EnrolSecondFactorResponse(otpauth_uri=uri)

    async def ConfirmSecondFactor(  # noqa: N802
        self, request: pb.ConfirmSecondFactorRequest, context: Context
    ) -> pb.ConfirmSecondFactorResponse:
        accept(refused_code(request.code))
        codes = answered(await self._second_factors.confirm(calling_person(), request.code))
        return pb.ConfirmSecondFactorResponse(recovery_codes=codes)

    async def DisableSecondFactor(  # noqa: N802
        self, request: pb.DisableSecondFactorRequest, context: Context
    ) -> pb.DisableSecondFactorResponse:
        accept(refused_code(request.code))
        answered(await self._second_factors.disable(calling_person(), request.code))
        return pb.DisableSecondFactorResponse()

    async def ReplaceRecoveryCodes(  # noqa: N802
        self, request: pb.ReplaceRecoveryCodesRequest, context: Context
    ) -> pb.ReplaceRecoveryCodesResponse:
        accept(refused_code(request.code))
        codes = answered(await self._second_factors.replace_codes(calling_person(), request.code))
        return pb.ReplaceRecoveryCodesResponse(recovery_codes=codes)
