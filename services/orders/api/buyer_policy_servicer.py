"""BuyerPolicyService: what a house lets its buyers do by themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import grpc
from balcon.orders.v1 import buyer_policy_pb2 as wire
from balcon.orders.v1.buyer_policy_pb2_grpc import BuyerPolicyServiceServicer

from services.contracts.changes import masked, refused_change, refused_unset_etag
from services.contracts.pages import asked_page, token_after
from services.orders.api.buyer_policy_messages import faults_of_policy, policy_message, policy_of
from services.orders.domain.buyer_policy import BuyerPolicy
from services.orders.domain.refusals import PerformanceNotFound
from services.orders.domain.request_refusals import BuyerPolicyNotFound
from services.orders.ports import Catalogue
from services.orders.ports.buyer_policies import BuyerPolicies
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered

Context = grpc.aio.ServicerContext[Any, Any]
_CHANGEABLE = ("refunds", "exchanges", "tickets")


class BuyerPolicyServicer(BuyerPolicyServiceServicer):
    """See balcon.orders.v1.BuyerPolicyService."""

    def __init__(self, policies: BuyerPolicies, catalogue: Catalogue) -> None:
        self._policies = policies
        self._catalogue = catalogue

    async def GetBuyerPolicy(  # noqa: N802
        self, request: wire.GetBuyerPolicyRequest, context: Context
    ) -> wire.GetBuyerPolicyResponse:
        """What is in force."""
        accept(refused_key("house_id", request.house_id), _refused_performance(request.performance_id))
        policy = await self._in_force(request.house_id, request.performance_id)
        return wire.GetBuyerPolicyResponse(policy=policy_message(policy))

    async def UpdateBuyerPolicy(  # noqa: N802
        self, request: wire.UpdateBuyerPolicyRequest, context: Context
    ) -> wire.UpdateBuyerPolicyResponse:
        """A new version; none where nothing changes."""
        house_id, performance_id = request.house_id, request.performance_id
        paths = list(request.update_mask.paths)
        has_policy = request.HasField("buyer_policy")
        accept(
            refused_key("house_id", house_id),
            _refused_performance(performance_id),
            None if has_policy else FieldInvalid("buyer_policy", UNSET, "what of it is to change"),
            *faults_of_policy(request.buyer_policy),
            refused_change(request.etag, paths, _CHANGEABLE),
        )
        seen = await self._in_force(house_id, performance_id)
        wanted = replace(masked(seen, policy_of(request.buyer_policy), paths), performance_id=performance_id)
        if wanted != replace(seen, performance_id=performance_id):
            if performance_id and await self._catalogue.offer(house_id, performance_id) is None:
                raise Refused(PerformanceNotFound(performance_id))
            seen = answered(await self._policies.add(house_id, wanted, request.etag))
        return wire.UpdateBuyerPolicyResponse(policy=policy_message(seen))

    async def ArchiveBuyerPolicy(  # noqa: N802
        self, request: wire.ArchiveBuyerPolicyRequest, context: Context
    ) -> wire.ArchiveBuyerPolicyResponse:
        """The performance goes by the house's again."""
        house_id, performance_id = request.house_id, request.performance_id
        accept(
            refused_key("house_id", house_id),
            refused_key("performance_id", performance_id),
            refused_unset_etag(request.etag),
        )
        seen = await self._in_force(house_id, performance_id)
        if not seen.performance_id:
            raise Refused(BuyerPolicyNotFound(performance_id))
        answered(await self._policies.add(house_id, replace(seen, archived=True), request.etag))
        return wire.ArchiveBuyerPolicyResponse(policy=policy_message(await self._in_force(house_id, "")))

    async def ListBuyerPolicies(  # noqa: N802
        self, request: wire.ListBuyerPoliciesRequest, context: Context
    ) -> wire.ListBuyerPoliciesResponse:
        """The newest first."""
        house_id, performance_id = request.house_id, request.performance_id
        asked = asked_page(
            request.page_size,
            request.page_token,
            house_id,
            refused_key("house_id", house_id),
            _refused_performance(performance_id),
        )
        if isinstance(asked, FieldInvalid):
            raise Refused(asked)
        found = await self._policies.page(house_id, performance_id, asked.after, asked.size + 1)
        response = wire.ListBuyerPoliciesResponse(policies=[policy_message(one) for one in found[: asked.size]])
        if len(found) > asked.size:
            last = found[asked.size - 1]
            name = f"{last.performance_id}-{last.version}"
            response.next_page_token = token_after(house_id, name, last.since_ms)
        return response

    async def _in_force(self, house_id: str, performance_id: str) -> BuyerPolicy:
        return (await self._policies.in_force(house_id, [performance_id]))[performance_id]


def _refused_performance(performance_id: str) -> FieldInvalid | None:
    return refused_key("performance_id", performance_id) if performance_id else None
