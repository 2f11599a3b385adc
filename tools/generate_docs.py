"""Writes what comes out of the code: pages of docs/, words of events. With --check it only says what is stale."""

import importlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from annotated_types import Ge, Gt, Le, Lt
from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from services.runtime.telemetry import metrics
from tools.state_diagrams import page as state_machines_page
from tools.webhook_events import events_json, events_page

ROOT = Path(__file__).resolve().parent.parent
HEADER = "<!-- Written by tools/generate_docs.py from {source}; change that and run `make docs`. -->\n\n"
RANGES = ((Ge, "ge", "≥"), (Gt, "gt", ">"), (Le, "le", "≤"), (Lt, "lt", "<"))


def settings_classes() -> Iterator[tuple[str, type[BaseSettings]]]:
    """Every process's settings classes with the package they belong to, in alphabetical order."""
    for path in sorted((ROOT / "services").rglob("settings.py")):
        package = ".".join(path.parent.relative_to(ROOT).parts)
        if package == "services.runtime":
            continue
        module = importlib.import_module(f"{package}.settings")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, BaseSettings) and value.__module__ == module.__name__:
                yield package.removeprefix("services."), value


def environment_name(settings: type[BaseSettings], field: str) -> str:
    """The variable that sets `field`."""
    return f"{settings.model_config.get('env_prefix', '')}{field}".upper()


def _bounds(field: FieldInfo) -> str:
    found = []
    for part in field.metadata:
        for kind, attribute, sign in RANGES:
            if isinstance(part, kind):
                found.append(f"{sign} {getattr(part, attribute)}")
        pattern = getattr(part, "pattern", None)
        if pattern:
            found.append(f"`{pattern}`".replace("|", "\\|"))
    return ", ".join(found)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, SecretStr):
        return "a secret" if value.get_secret_value() else "empty"
    return "empty" if value in (None, "") else f"`{value}`"


def settings_page() -> str:
    """One table per settings class: variable, default, bounds, meaning."""
    lines = [
        HEADER.format(source="services/**/settings.py"),
        "# Settings\n\n",
        "Every setting is an environment variable. A value out of bounds stops the process at its start,\n",
        "and the error names the setting.\n",
    ]
    for service, settings in settings_classes():
        lines.append(
            f"\n## {service}: {settings.__name__}\n\n| variable | default | bounds | meaning |\n|---|---|---|---|\n"
        )
        for name, field in settings.model_fields.items():
            kind = " (secret)" if field.annotation is SecretStr else ""
            cells = (
                f"`{environment_name(settings, name)}`{kind}",
                _default(field),
                _bounds(field),
                field.description or "",
            )
            lines.append(f"| {' | '.join(cells)} |\n")
    return "".join(lines)


def exposed_names(metric: MetricWrapperBase) -> tuple[str, str, tuple[str, ...]]:
    """Name as Prometheus shows it, type, label names."""
    (family,) = metric.describe()
    name = f"{family.name}_total" if isinstance(metric, Counter) else family.name
    return name, family.type, tuple(metric._labelnames)


def metrics_page() -> str:
    """One row per metric: name, type, labels, what it means and what to do."""
    lines = [
        HEADER.format(source="services/runtime/telemetry/metrics.py"),
        "# Metrics\n\n",
        "Each process serves at `/metrics` those of its own service and those that all have: the name says whose.\n\n",
        "| metric | type | labels | meaning |\n|---|---|---|---|\n",
    ]
    for value in vars(metrics).values():
        if isinstance(value, MetricWrapperBase):
            name, kind, labels = exposed_names(value)
            (family,) = value.describe()
            lines.append(
                f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {family.documentation} |\n"
            )
    return "".join(lines)


def pages() -> Mapping[Path, str]:
    """Every generated page with the text that it should have."""
    return {
        ROOT / "docs" / "settings.md": settings_page(),
        ROOT / "docs" / "metrics.md": metrics_page(),
        ROOT / "docs" / "state-machines.md": state_machines_page(HEADER.format(source="tools/state_diagrams.py")),
        ROOT / "docs" / "webhook-events.md": events_page(HEADER.format(source="protos/")),
        ROOT / "services/integrations/webhooks/adapters/event_types.json": events_json(),
    }


def main() -> int:
    """Writes the pages. With --check: exit status 1 and one line per stale page, nothing written."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if "--check" in sys.argv[1:]:
            print(f"{path.relative_to(ROOT)} is stale; run `make docs`")
        else:
            path.write_text(pages()[path])
    return 1 if stale and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
