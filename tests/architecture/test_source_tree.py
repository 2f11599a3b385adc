"""Style rules 2, 10 and 12 as tests: names of files, first lines, sizes."""

import ast
from collections.abc import Mapping
from pathlib import Path

from tests.architecture.tree import ROOT, functions, modules, parsed

BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "managers"}
MODULE_LINES = 400
FUNCTION_LINES = 50
PORTS_LINES = 200
DOCSTRING_LINES = 3
SERVICE_PARTS = {
    "__init__.py", "actors", "adapters", "api", "cluster", "domain", "handlers", "main.py", "migrations", "ports.py",
    "ports", "settings.py",
    "plans",  # catalogue: the halls that every house may start from
    "paper",  # ticketing: documents drawn from plain data, without a store or a wire
    "letters",  # ticketing: letters written from plain data, likewise
    "wallet",  # ticketing: passes made from plain data, likewise
    "sandbox",  # payments: the pretended provider, a process of its own
}  # fmt: skip
SERVICES = ("accounts", "catalogue", "customers", "inventory", "orders", "payments", "reporting", "ticketing")
# Each a service of the same shape, with nothing beside them but the package's own first lines.
INTEGRATIONS = ROOT / "services" / "integrations"

# What is larger and why. A reason must say what the second noun would cost; "no time" is none.
LARGE_MODULES: Mapping[str, str] = {}
LARGE_FUNCTIONS: Mapping[str, str] = {}


def lines_of(module: Path) -> int:
    return len((ROOT / module).read_text().splitlines())


def test_there_is_something_to_look_at() -> None:
    assert len(modules()) > 20


def test_no_module_or_folder_has_a_name_that_says_nothing() -> None:
    assert not [str(path) for path in modules() if BANNED_NAMES & {path.stem, *path.parts[:-1]}]


def test_every_module_opens_with_one_to_three_lines() -> None:
    wrong = {}
    for path in modules():
        docstring = ast.get_docstring(parsed(path), clean=False)
        lines = [line for line in (docstring or "").splitlines() if line.strip()]
        if not 1 <= len(lines) <= DOCSTRING_LINES:
            wrong[str(path)] = docstring
    assert not wrong


def test_modules_stay_readable_in_one_sitting() -> None:
    large = {str(path): lines_of(path) for path in modules() if lines_of(path) > MODULE_LINES}
    assert large.keys() == LARGE_MODULES.keys(), large


def test_functions_stay_readable_on_one_screen() -> None:
    large = {}
    for path in modules():
        if "versions" in path.parts:  # a migration is one list of statements, read from top to bottom
            continue
        for function in functions(path):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > FUNCTION_LINES:
                large[f"{path}:{function.name}"] = length
    assert large.keys() == LARGE_FUNCTIONS.keys(), large


def test_every_service_has_the_same_inner_names() -> None:
    integrations = [path for path in INTEGRATIONS.iterdir() if path.is_dir() and path.name != "__pycache__"]
    surprises = [
        str(path.relative_to(ROOT))
        for service in (*(ROOT / "services" / name for name in SERVICES), *integrations)
        for path in service.iterdir()
        if path.name not in SERVICE_PARTS and path.name != "__pycache__"
    ]
    assert not surprises


def test_beside_the_integrations_there_is_nothing() -> None:
    assert [path.name for path in INTEGRATIONS.iterdir() if path.is_file()] == ["__init__.py"]


def test_migrations_say_their_phase_in_the_file_name() -> None:
    versions = [path for path in modules() if "versions" in path.parts and path.name != "__init__.py"]
    assert not [
        str(path)
        for path in versions
        if not path.stem[:4].isdigit() or path.stem[4:].split("_")[1] not in {"expand", "contract"}
    ]


def test_every_service_of_the_protos_is_served_by_one_class() -> None:
    servicers: dict[str, list[str]] = {}
    for path in modules():
        for node in ast.walk(parsed(path)) if path.parts[0] == "services" else ():
            if isinstance(node, ast.ClassDef):
                for base in node.bases:
                    if isinstance(base, ast.Name) and base.id.endswith("ServiceServicer"):
                        servicers.setdefault(base.id, []).append(str(path))
    assert "AuditServiceServicer" in servicers
    assert not {name: paths for name, paths in servicers.items() if len(paths) > 1}


def is_protocol(node: ast.stmt) -> bool:
    return isinstance(node, ast.ClassDef) and any(
        isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases
    )


def test_ports_of_many_nouns_are_a_package() -> None:
    in_one_file = {str(path): lines_of(path) for path in modules() if path.match("services/*/ports.py")}
    assert not {path: lines for path, lines in in_one_file.items() if lines > PORTS_LINES}


def test_a_package_of_ports_has_one_noun_a_file() -> None:
    packages = [path for path in modules() if path.match("services/*/ports/*.py")]
    assert packages
    crowded = [str(path) for path in packages if sum(map(is_protocol, parsed(path).body)) > 1]
    assert not crowded


def test_an_amount_is_put_on_the_wire_in_one_place() -> None:
    """Of nothing but minor units and the code that belongs to them: `wire_money`."""
    makers = set()
    for path in modules():
        if path.parts[0] == "services":
            for node in ast.walk(parsed(path)):
                if isinstance(node, ast.Call) and {"amount_minor", "currency"} == {one.arg for one in node.keywords}:
                    makers.add(path.as_posix())
    assert makers == {"services/contracts/wire_types.py"}
