"""An inventory node that lets everybody in: what the access interceptor costs is told beside it."""

from __future__ import annotations

from services.inventory.main import main
from services.runtime.service import Service

if __name__ == "__main__":
    Service.let_in = lambda self, roles_with: None  # type: ignore[method-assign]
    main()
