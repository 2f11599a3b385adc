"""balcon.customers.v1.CustomersService, what buyers have answered in a house's form."""

from __future__ import annotations

from balcon.customers.v1 import customers_service_pb2 as pb

from services.customers.domain.form_answer import FormAnswer, faults_of_answers
from services.customers.handlers.form_answers import FormAnswerHandler
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept
from services.runtime.rpc.interceptors import Context


class FormAnswerCalls:
    """Stateless; everything lives in the handlers."""

    _form_answers: FormAnswerHandler

    async def KeepOrderAnswers(  # noqa: N802
        self, request: pb.KeepOrderAnswersRequest, context: Context
    ) -> pb.KeepOrderAnswersResponse:
        answers = [
            FormAnswer(one.form_field_id, one.label, tuple(one.values), one.performance_id, one.seat_id)
            for one in request.answers
        ]
        accept(
            refused_key("house_id", request.house_id),
            refused_key("order_id", request.order_id),
            refused_key("customer_id", request.customer_id),
            *faults_of_answers(answers),
        )
        house_id, order_id = request.house_id, request.order_id
        if refusal := await self._form_answers.keep(house_id, order_id, request.customer_id, answers):
            raise Refused(refusal)
        return pb.KeepOrderAnswersResponse()

    async def GetOrderAnswers(  # noqa: N802
        self, request: pb.GetOrderAnswersRequest, context: Context
    ) -> pb.GetOrderAnswersResponse:
        accept(refused_key("house_id", request.house_id), refused_key("order_id", request.order_id))
        found = await self._form_answers.of_order(request.house_id, request.order_id)
        return pb.GetOrderAnswersResponse(
            answers=[
                pb.OrderAnswer(
                    form_field_id=one.form_field_id,
                    label=one.label,
                    performance_id=one.performance_id,
                    seat_id=one.seat_id,
                    values=one.values,
                )
                for one in found
            ]
        )
