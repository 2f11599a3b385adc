"""What an order's state means for its tickets, seats and money, to whoever counts them. The one definition.

Between two ends several services hold a part of one order each; whoever counts must mean the same by every state in
between. Orders publishes by it, reporting counts by it, the audit compares by it; unit tests hold them to it.
"""

from __future__ import annotations

# Tickets let somebody in. A refund that is due has ended them already.
HAS_TICKETS = frozenset({"CONFIRMED"})

# Once confirmed, its tickets count as sold and its money, less what has gone back, as revenue: until the whole is back
# the seats are SOLD at inventory and the money is with the house, so a refund under way changes no figure yet.
COUNTS_AS_SOLD = frozenset({"CONFIRMED", "REFUND_DUE"})

# A captured payment may stand: with tickets for it, or owed back.
KEEPS_MONEY = frozenset({"CONFIRMED", "REFUND_DUE"})

# Nobody knows yet how it ends.
UNRESOLVED = frozenset({"CLAIMING", "PAYING", "PAID", "CANCELLING", "REFUND_DUE"})

# A claim may be in inventory's record that the order itself does not know of yet: asked for, or on its way out.
MAY_CLAIM = frozenset({"CLAIMING", "PAYING", "PAID", "CANCELLING"})
# What the order says of its seats while inventory may have them for it, whatever its state: they are freed by an act
# of their own after the money. That it comes in time is checked by orders.
KEEPS_CLAIM = frozenset({"ASKED", "UNHELD", "CLAIMED"})
KEEPS_SALE = frozenset({"SOLD"})
