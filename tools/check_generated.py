"""Fails if protos/gen is not what protos/ generates today. Writes only to a temporary folder."""

import filecmp
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMITTED = ROOT / "protos" / "gen" / "balcon"


def generated_files(folder: Path) -> set[str]:
    """Relative paths of the generated files below `folder`."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*.py*") if path.suffix in {".py", ".pyi"}}


def differences(fresh: Path, committed: Path) -> Iterator[str]:
    """One line for each file that is missing, left over or different."""
    fresh_files, committed_files = generated_files(fresh), generated_files(committed)
    for name in sorted(fresh_files - committed_files):
        yield f"missing: {name}"
    for name in sorted(committed_files - fresh_files):
        yield f"left over: {name}"
    for name in sorted(fresh_files & committed_files):
        if not filecmp.cmp(fresh / name, committed / name, shallow=False):
            yield f"different: {name}"


def main() -> int:
    """Exit status 0 if fresh, 1 with one line per stale file."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["tools/generate_protos.sh", folder],
            cwd=ROOT,
            check=True,
            env={"PYTHON": sys.executable, "PATH": "/usr/bin:/bin"},
        )
        found = list(differences(Path(folder) / "balcon", COMMITTED))
    for line in found:
        print(f"protos/gen is stale ({line}); run `make proto`")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
