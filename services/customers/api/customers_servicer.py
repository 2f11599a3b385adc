"""CustomersService and ConsentsService: requests to handlers, answers to messages. No rules."""

from __future__ import annotations

from dataclasses import dataclass

from balcon.customers.v1.consents_service_pb2_grpc import ConsentsServiceServicer
from balcon.customers.v1.customers_service_pb2_grpc import CustomersServiceServicer

from services.customers.api.consent_calls import ConsentCalls
from services.customers.api.customer_calls import CustomerCalls
from services.customers.api.form_answer_calls import FormAnswerCalls
from services.customers.api.own_data_calls import OwnDataCalls
from services.customers.handlers.answers import AnswerHandler
from services.customers.handlers.audiences import AudienceHandler
from services.customers.handlers.consents import ConsentHandler
from services.customers.handlers.customers import CustomerHandler
from services.customers.handlers.erasures import ErasureHandler
from services.customers.handlers.exports import ExportHandler
from services.customers.handlers.form_answers import FormAnswerHandler
from services.customers.handlers.identities import IdentityHandler
from services.customers.handlers.own_data import OwnDataHandler
from services.customers.handlers.uploads import UploadHandler


@dataclass(frozen=True, slots=True)
class Handlers:
    """Who does what is asked."""

    identities: IdentityHandler
    customers: CustomerHandler
    own_data: OwnDataHandler
    erasures: ErasureHandler
    exports: ExportHandler
    consents: ConsentHandler
    answers: AnswerHandler
    uploads: UploadHandler
    audiences: AudienceHandler
    form_answers: FormAnswerHandler


class CustomersServicer(CustomerCalls, OwnDataCalls, FormAnswerCalls, CustomersServiceServicer):
    """See balcon.customers.v1.CustomersService."""

    def __init__(self, handlers: Handlers) -> None:
        self._identities = handlers.identities
        self._customers = handlers.customers
        self._own_data = handlers.own_data
        self._erasures = handlers.erasures
        self._exports = handlers.exports
        self._form_answers = handlers.form_answers


class ConsentsServicer(ConsentCalls, ConsentsServiceServicer):
    """See balcon.customers.v1.ConsentsService."""

    def __init__(self, handlers: Handlers) -> None:
        self._consents = handlers.consents
        self._answers = handlers.answers
        self._uploads = handlers.uploads
        self._audiences = handlers.audiences
