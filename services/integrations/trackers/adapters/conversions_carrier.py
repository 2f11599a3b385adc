"""The Carrier of trackers: what may still be told goes to the company of the tracker, what may not is dropped."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.integrations.trackers.adapters.company import AGE_MARGIN_MS, CompanyRules
from services.integrations.trackers.adapters.google_conversions import REQUEST, GoogleConversions
from services.integrations.trackers.adapters.meta_conversions import MetaConversions
from services.integrations.trackers.adapters.x_conversions import XConversions
from services.integrations.trackers.domain.conversion import (
    Account,
    Conversion,
    GoogleAccount,
    MetaAccount,
)
from services.integrations.trackers.domain.telling import DAY_MS
from services.integrations.trackers.ports.conversion_source import (
    ConversionSource,
    Diagnostics,
    FollowUps,
    Nothing,
    NotYet,
    Said,
)
from services.integrations.trackers.ports.people import PeopleUnanswered
from services.runtime.clock import Clock
from services.runtime.outbound.port import (
    Carried,
    CarrierLimits,
    Dispatch,
    Done,
    Exchange,
    ExchangeLedger,
    Later,
    Locked,
    Outcome,
    Settled,
    Target,
    is_delivered,
)

DIAGNOSTICS: Final = "diagnostics"
# Google works on what it took for a while before it says what it could use.
_LOOK_AFTER_MS: Final = 1_800_000
_LOOK_UNTIL_MS: Final = 7 * DAY_MS
_NOT_YET_MS: Final = 2_000
_NO_KEY: Final = Locked("the tracker has no credentials")

Tell = Callable[[Sequence[Conversion], str], Coroutine[Any, Any, Carried]]


@dataclass(frozen=True, slots=True)
class Companies:
    """Those that can be told by a server; Google Tag Manager lives in browsers only."""

    meta: MetaConversions
    google: GoogleConversions
    x: XConversions
    ledger: ExchangeLedger

    async def validate(self, target: Target, account: Account, conversion: Conversion) -> Outcome:
        """See Validator."""
        if isinstance(account, MetaAccount):
            carried = await self.meta.validate(target, account, conversion)
        elif isinstance(account, GoogleAccount):
            carried = await self.google.validate(target, account, conversion)
        else:
            carried = await self.x.validate(target, account, conversion)
        await self.ledger.keep(carried.exchanges)
        return carried.outcomes[0]


class ConversionsCarrier:
    """See Carrier."""

    def __init__(self, source: ConversionSource, companies: Companies, follow_ups: FollowUps, clock: Clock) -> None:
        self._source = source
        self._companies = companies
        self._follow_ups = follow_ups
        self._clock = clock

    @property
    def limits(self) -> CarrierLimits:
        """A thousand at a time: as many as Meta takes, twice X's, half of Google's."""
        return CarrierLimits(batch=1_000, at_once=2)

    async def carry(self, target: Target, dispatches: Sequence[Dispatch]) -> Carried:
        """See Carrier."""
        try:
            found = await self._source.of(target, dispatches)
        except PeopleUnanswered:
            away = Later("customers did not answer", is_targets_fault=False)
            return Carried([away] * len(dispatches))
        outcomes: list[Outcome | None] = [_unsaid(said) for said in found.said]
        open_places = [place for place, outcome in enumerate(outcomes) if outcome is None]
        if found.account is None:
            for place in open_places:
                outcomes[place] = _NO_KEY
            return Carried(_all(outcomes))
        exchanges: list[Exchange] = []
        rules, tell = self._way(target, found.account)
        going: list[tuple[int, Conversion]] = []
        for place in open_places:
            said = found.said[place]
            if isinstance(said, Diagnostics):
                looked = await self._looked(target, found.account, said)
                outcomes[place] = looked.outcomes[0]
                exchanges += looked.exchanges
            elif isinstance(said, Conversion):
                outcomes[place] = self._not_told(rules, said)
                if outcomes[place] is None:
                    going.append((place, said))
        if going:
            kinds = {dispatches[place].kind for place, _ in going}
            carried = await tell([said for _, said in going], kinds.pop() if len(kinds) == 1 else "steps")
            exchanges += carried.exchanges
            for (place, _), outcome in zip(going, carried.outcomes, strict=True):
                outcomes[place] = outcome
        await self._follow(target, found.account, outcomes)
        return Carried(_all(outcomes), exchanges)

    def _way(self, target: Target, account: Account) -> tuple[CompanyRules, Tell]:
        companies = self._companies
        if isinstance(account, MetaAccount):
            return companies.meta.rules, lambda said, kind: companies.meta.tell(target, account, said, kind)
        if isinstance(account, GoogleAccount):
            return companies.google.rules, lambda said, kind: companies.google.tell(target, account, said, kind)
        return companies.x.rules, lambda said, kind: companies.x.tell(target, account, said, kind)

    def _not_told(self, rules: CompanyRules, said: Conversion) -> Outcome | None:
        """Why it does not go: too old, so that it would sink others, or nothing that this company can be told."""
        if said.refunded_at_ms and rules.cannot_retract:
            return Done(Settled.DROPPED, rules.cannot_retract)
        if said.at_ms <= self._clock.now_ms() - rules.oldest_ms + AGE_MARGIN_MS:
            days = rules.oldest_ms // DAY_MS
            return Done(Settled.EXPIRED, f"{rules.name} takes nothing older than {days} days")
        if not rules.can_match(said):
            return Done(Settled.DROPPED, f"nothing is known that {rules.name} could match with somebody")
        return None

    async def _looked(self, target: Target, account: Account, said: Diagnostics) -> Carried:
        if isinstance(account, GoogleAccount):
            return await self._companies.google.look(target, account, said.request_id)
        return Carried([Done(Settled.DROPPED, "the tracker is no longer Google's")])

    async def _follow(self, target: Target, account: Account, outcomes: Sequence[Outcome | None]) -> None:
        """Google has taken a request before it has looked into it: what became of it is asked later."""
        if not isinstance(account, GoogleAccount):
            return
        taken = {
            outcome.note
            for outcome in outcomes
            if outcome is not None and is_delivered(outcome) and outcome.note.startswith(REQUEST)
        }
        now_ms = self._clock.now_ms()
        await self._follow_ups.put(
            [
                Dispatch(
                    target,
                    key=f"{DIAGNOSTICS}.{note.removeprefix(REQUEST)}",
                    kind=DIAGNOSTICS,
                    body=b"",
                    made_at_ms=now_ms,
                    due_at_ms=now_ms + _LOOK_AFTER_MS,
                    expires_at_ms=now_ms + _LOOK_UNTIL_MS,
                    about=note,
                )
                for note in sorted(taken)
            ]
        )


def _unsaid(said: Said) -> Outcome | None:
    if isinstance(said, Nothing):
        return Done(Settled.DROPPED, said.why)
    return Later(said.why, after_ms=_NOT_YET_MS, is_targets_fault=False) if isinstance(said, NotYet) else None


def _all(outcomes: Sequence[Outcome | None]) -> Sequence[Outcome]:
    assert None not in outcomes, "every dispatch has its outcome"
    return [outcome for outcome in outcomes if outcome is not None]
