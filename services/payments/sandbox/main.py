"""`python -m services.payments.sandbox.main`: the sandbox provider until SIGTERM."""

from __future__ import annotations

from services.payments.sandbox.server import Sandbox, SandboxPlan
from services.payments.sandbox.settings import SandboxSettings
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.pretended import run_pretended


def main() -> None:
    """Runs until SIGTERM or SIGINT."""
    settings = SandboxSettings()
    plan = SandboxPlan(
        data_path=settings.data_path,
        host=settings.listen_host,
        port=settings.http_port,
        public_url=settings.public_url,
        webhook_url=settings.webhook_url,
        webhook_secret=settings.webhook_secret.get_secret_value(),
        pay_late_seconds=settings.pay_late_seconds,
        stall_seconds=settings.stall_seconds,
        seed=settings.seed,
        chaos=settings.chaos,
    )
    run_pretended("sandbox", Sandbox(plan, clock=SystemClock(), ids=RandomIds()), settings.log_level)


if __name__ == "__main__":
    main()
