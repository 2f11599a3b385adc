"""Passes for wallets that go with a letter: Apple's as a file, Google's as links in the letter itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from services.paper.house_style import HouseStyle
from services.runtime.clock import Clock
from services.runtime.mail.letter import Attachment
from services.ticketing.paper.documents import Ticket
from services.ticketing.ports.enclosures import Plan
from services.ticketing.wallet.apple_pass import (
    BUNDLE_TYPE,
    PASS_TYPE,
    AppleAccount,
    ManifestSigner,
    apple_pass,
    bundle_of,
)
from services.ticketing.wallet.google_link import GoogleAccount, TokenSigner, google_link

# With more than these a letter would be too large for some mail boxes.
MAX_PASSES: Final = 20


class WalletFile:
    """See Enclosure: one pass, or a bundle of them. A bundle is put into the wallet with one tap."""

    def __init__(self, account: AppleAccount, signer: ManifestSigner) -> None:
        self._account = account
        self._signer = signer

    async def enclosed(self, plan: Plan) -> Sequence[Attachment]:
        """See Enclosure.enclosed. Signing takes milliseconds: beside the loop."""
        if not 0 < len(plan.tickets) <= MAX_PASSES:
            return ()
        return (await asyncio.to_thread(self._file, plan),)

    def _file(self, plan: Plan) -> Attachment:
        passes = [apple_pass(self._account, self._signer, plan.style, ticket) for ticket in plan.tickets]
        name = plan.letter.order_number
        if len(passes) == 1:
            return Attachment(f"{name}.pkpass", PASS_TYPE, passes[0])
        return Attachment(f"{name}.pkpasses", BUNDLE_TYPE, bundle_of(passes))


class WalletLinks:
    """Links for a letter's tickets, in their order; '' where there is none."""

    def __init__(self, account: GoogleAccount, signer: TokenSigner, clock: Clock) -> None:
        self._account = account
        self._signer = signer
        self._clock = clock

    async def of(self, style: HouseStyle, tickets: Sequence[Ticket]) -> list[str]:
        """None for many: a letter of links is none."""
        if len(tickets) > MAX_PASSES:
            return [""] * len(tickets)
        return await asyncio.to_thread(self._links, style, tickets)

    def _links(self, style: HouseStyle, tickets: Sequence[Ticket]) -> list[str]:
        now_ms = self._clock.now_ms()
        return [google_link(self._account, self._signer, style, ticket, now_ms) or "" for ticket in tickets]
