"""`balcon` without the wait: one process has loaded it, and each command is a process that is forked from that one.

Each has an environment, folder, streams and status of its own. test_seed and test_up start `balcon` as people do.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

import services.console

_CRASHED: Final = 70
_STREAMS: Final = 3
_LONGEST_COMMAND: Final = 1 << 20
# Run by an interpreter that loads nothing else: hands its streams over, and ends as the command ended.
_CALLER: Final = """\
import array, json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({address!r})
    said = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))]
    line.sendmsg([len(said).to_bytes(4, "big")], rights)
    line.sendall(said)
    ended = line.recv(1)
sys.exit(ended[0] if ended else {crashed})
"""


@contextmanager
def loaded_console(environment: dict[str, str]) -> Iterator[list[str]]:
    """The command that stands for `balcon` while the block runs."""
    # The path of a socket must be short, which pytest's tmp_path is not.
    with tempfile.TemporaryDirectory(prefix="balcon-") as folder:
        address = f"{folder}/socket"
        caller = Path(folder) / "caller.py"
        caller.write_text(_CALLER.format(address=address, crashed=_CRASHED))
        command = [sys.executable, "-m", "tests.e2e.loaded_console", address]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as console:
            try:
                assert console.stdout is not None
                assert console.stdout.readline() == "loaded\n"
                yield [sys.executable, "-I", "-S", "-X", "utf8", str(caller)]
            finally:
                console.terminate()


def _load_everything() -> None:
    """Also what a command loads only when it runs."""
    for module in pkgutil.walk_packages(services.console.__path__, "services.console."):
        importlib.import_module(module.name)


def _serve(address: str) -> None:
    """Until it is told to stop, a child for each caller."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        sys.stdout.write("loaded\n")
        sys.stdout.flush()
        while True:
            line, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _answer(line)
            line.close()


def _answer(line: socket.socket) -> None:
    """Runs the caller's command in this process, which ends with it."""
    status = _CRASHED
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        size, streams, _, _ = socket.recv_fds(line, 4, _STREAMS)
        for own, given in enumerate(streams):
            os.dup2(given, own)
            os.close(given)
        asked = line.recv(min(int.from_bytes(size, "big"), _LONGEST_COMMAND), socket.MSG_WAITALL)
        arguments, folder, environment = msgspec.json.decode(asked, type=tuple[list[str], str, dict[str, str]])
        quiet = os.environ["GRPC_VERBOSITY"]  # as the package sets it when it is loaded
        os.environ.clear()
        os.environ.update({"GRPC_VERBOSITY": quiet, **environment})
        os.chdir(folder)
        status = _run(arguments)
    except BaseException:  # noqa: BLE001 (whatever it is: the caller sees it and the status)
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
            line.sendall(bytes([status]))
        os._exit(status)


def _run(arguments: list[str]) -> int:
    """The status as the interpreter would have told it."""
    main: Any = importlib.import_module("services.console.main")
    sys.argv = ["balcon", *arguments]
    try:
        main.app(prog_name="balcon")
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
            return 1
        return end.code or 0
    return 0


if __name__ == "__main__":
    _load_everything()
    _serve(sys.argv[1])
