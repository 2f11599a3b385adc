"""Tells the DIP platform one part of a number's figures at a time, and understands what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.integrations.podiumkunst.adapters.dip_wire import DipNames, ShapeUnknown, document_of, error_in
from services.integrations.podiumkunst.adapters.dip_wire_figures import path_of, told_body
from services.integrations.podiumkunst.domain.telling import Telling, decoded
from services.integrations.podiumkunst.ports.accounts import Accounts
from services.integrations.podiumkunst.ports.figure_store import ToldBook
from services.integrations.podiumkunst.ports.platform import NotTold, PlatformAccount, PlatformTokens, Untold
from services.runtime.clock import Clock
from services.runtime.outbound.answers import word_of
from services.runtime.outbound.http import Answer, OutboundHttp, Question
from services.runtime.outbound.port import (
    Carried,
    CarrierLimits,
    Dispatch,
    Done,
    Exchange,
    Later,
    Locked,
    Outcome,
    Settled,
    Target,
)

NOT_LINKED: Final = "no longer linked"
NO_ACCOUNT: Final = "the connection is off, or has no account"
_MAX_TARGETS: Final = 10_000


class DipCarrier:
    """See Carrier. Requests of one account are `spacing_seconds` apart."""

    def __init__(
        self,
        http: OutboundHttp,
        tokens: PlatformTokens,
        names: DipNames,
        accounts: Accounts,
        book: ToldBook,
        clock: Clock,
        *,
        spacing_seconds: float,
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._names = names
        self._accounts = accounts
        self._book = book
        self._clock = clock
        self._spacing_seconds = spacing_seconds
        self._spoken: dict[Target, float] = {}
        self.limits = CarrierLimits()

    async def carry(self, target: Target, dispatches: Sequence[Dispatch]) -> Carried:
        """See Carrier.carry."""
        outcomes: list[Outcome] = []
        exchanges: list[Exchange] = []
        for dispatch in dispatches:
            telling = decoded(dispatch.body)
            outcome = await self._tell(target, telling, exchanges)
            outcomes.append(outcome)
            has_it = isinstance(outcome, Done) and outcome.how is Settled.DELIVERED
            if not (isinstance(outcome, Done) and outcome.how is Settled.DROPPED):
                await self._book.answered(target.house_id, telling, word_of(outcome), outcome.note, has_it=has_it)
        return Carried(outcomes, exchanges)

    async def _tell(self, target: Target, telling: Telling, exchanges: list[Exchange]) -> Outcome:
        if not await self._book.is_linked(target.house_id, telling.number, telling.performance_id):
            return Done(Settled.DROPPED, NOT_LINKED)
        account = await self._accounts.account(target.house_id)
        if account is None:
            return Locked(NO_ACCOUNT)
        outcome = await self._tell_as(target, account, telling, exchanges)
        if isinstance(outcome, Locked):
            # The token may have been taken back before its end: one more, and that is the platform's word.
            self._tokens.forget(account)
            outcome = await self._tell_as(target, account, telling, exchanges)
        return outcome

    async def _tell_as(
        self, target: Target, account: PlatformAccount, telling: Telling, exchanges: list[Exchange]
    ) -> Outcome:
        granted = await self._tokens.granted(account)
        if granted.exchange is not None:
            exchanges.append(granted.exchange)
        if isinstance(granted.token, NotTold):
            return _not_let_in(granted.token)
        await self._wait_for_turn(target)
        question = Question(
            "PUT",
            path_of(telling, self._names),
            telling.part.value,
            body=told_body(telling, self._names),
            headers={
                "authorization": f"Bearer {granted.token}",
                "content-type": "application/json",
                "accept": "application/json",
            },
            secrets=(granted.token, account.client_secret),
        )
        answer = await self._http.ask(target, question)
        outcome = understood(answer, self._names, question.secrets)
        exchanges.append(answer.exchange_as(outcome))
        return outcome

    async def _wait_for_turn(self, target: Target) -> None:
        now = self._clock.monotonic()
        turn = max(now, self._spoken.get(target, 0.0) + self._spacing_seconds)
        if len(self._spoken) >= _MAX_TARGETS:
            self._spoken.clear()
        self._spoken[target] = turn
        if turn > now:
            await self._clock.sleep(turn - now)


def understood(answer: Answer, names: DipNames, secrets: Sequence[str]) -> Outcome:
    """A 200 counts where nothing in it says otherwise; what is no JSON is no answer of the platform's."""
    usual = answer.outcome()
    if not isinstance(usual, Done):
        return usual
    if not answer.body.strip():
        return usual
    try:
        document = document_of(answer.body)
    except ShapeUnknown:
        if usual.how is Settled.DELIVERED or not answer.is_whole:
            return Later("an answer that is no JSON", is_uncertain=True)
        return usual
    said = error_in(document, names, secrets)
    if usual.how is Settled.DELIVERED and said is not None:
        return Later(f"an error in an answer {answer.status}: {said}", is_uncertain=True)
    return Done(usual.how, said or "") if usual.how is Settled.REFUSED else usual


def _not_let_in(why: NotTold) -> Outcome:
    if why.why is Untold.LOCKED:
        return Locked(f"the account is refused: {why.note}")
    return Later(f"no token: {why.note}", after_ms=why.after_ms)
