"""What the policy of row-level security is called: for whoever looks at it without making it, and needs no Alembic."""

from __future__ import annotations

from typing import Final

POLICY_NAME: Final = "of_scope"
