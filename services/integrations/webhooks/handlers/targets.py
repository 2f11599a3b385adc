"""Looks at where a name leads before it is taken; each connection looks again."""

from __future__ import annotations

from services.integrations.webhooks.domain.addresses import is_allowed
from services.integrations.webhooks.domain.target_url import TargetRules, TargetUrl, read_target
from services.integrations.webhooks.ports.names import Names, NameUnknown
from services.runtime.errors import FieldInvalid


class Targets:
    """What this deployment sends to."""

    def __init__(self, rules: TargetRules, names: Names) -> None:
        self.rules = rules
        self._names = names

    async def refused(self, field: str, url: str) -> FieldInvalid | None:
        """The refusal for an address that nothing may be sent to. A name that is not known yet may come to be."""
        target = read_target(field, url, self.rules)
        if not isinstance(target, TargetUrl):
            return target
        try:
            found = await self._names.addresses(target.host, target.port)
        except NameUnknown:
            return None
        if found and all(is_allowed(address, loopback=self.rules.loopback) for address in found):
            return None
        return FieldInvalid(field, "has a host that leads to an address that is not public", "a public address")
