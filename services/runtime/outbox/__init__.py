"""Events that leave with the transaction that made them, and arrive with the transaction they cause."""
