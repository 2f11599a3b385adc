"""The machines of what buyers ask for by themselves."""

from __future__ import annotations

from services.orders.domain.buyer_policy import RefundWish
from services.orders.domain.refund_request import RefundRequest, RequestAct, RequestState, after
from services.runtime.errors import Refusal
from tools.diagrams import START, Edge, Machine


def refund_request_machine() -> Machine:
    """Every act said in every state."""
    edges = [Edge(START, RequestState.ASKED.value, "asked"), Edge(START, RequestState.GRANTED.value, "granted at once")]
    for state in RequestState:
        request = RefundRequest("rfr_1", "house_a", "ord_1", RefundWish.MONEY, (), "EUR", 0, state)
        for act in RequestAct:
            told = after(request, act)
            if not isinstance(told, Refusal):
                edges.append(Edge(state.value, told.value, act.value))
    words = (
        "What a buyer asks back by number and code. A request ends once; how far the money of one that was granted\n"
        "is, its refunds tell. It is overtaken where the house has cancelled all of its tickets before."
    )
    return Machine("Refund request of a buyer", words, edges)
