"""What podiumkunst looks at in its own record (architecture section 7)."""

from __future__ import annotations

from services.contracts.outbound_checks import OUTBOUND_CHECKS
from services.contracts.sql_checks import DENSE_OUTBOX
from services.integrations.podiumkunst.adapters.figure_audit import FIGURE_CHECKS
from services.integrations.podiumkunst.adapters.link_audit import LINK_CHECKS

CHECKS = (*LINK_CHECKS, *FIGURE_CHECKS, DENSE_OUTBOX, *OUTBOUND_CHECKS)
