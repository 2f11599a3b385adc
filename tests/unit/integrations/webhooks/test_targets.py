"""Webhooks go to public addresses only, however an address is written, and wherever a name leads."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore
import httpx
import pytest

from services.integrations.webhooks.adapters.guarded_network import (
    AddressRefused,
    GuardedBackend,
    GuardedTransport,
    SystemNames,
)
from services.integrations.webhooks.domain.addresses import is_allowed
from services.integrations.webhooks.domain.target_url import TargetRules, TargetUrl, read_target
from services.integrations.webhooks.ports.names import NameUnknown
from services.runtime.errors import FieldInvalid

PUBLIC = ("93.184.216.34", "1.1.1.1", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001::1")
NOT_PUBLIC = (
    "0.0.0.0",  # noqa: S104 (never bound to)
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.9.9.9",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:93.184.216.34",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::5db8:d822",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:5db8:d822::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "2606:2800:220:1::1%eth0",
    "fec0::1",
    "ff02::1",
    "",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "2130706433",
    "127.1",
    "localhost",
)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_sent_to(address: str) -> None:
    assert is_allowed(address, loopback=False)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_other_address_may(address: str) -> None:
    assert not is_allowed(address, loopback=False)
    assert is_allowed(address, loopback=True) == (address in {"127.0.0.1", "::1"})


GOOD = {
    "https://hooks.example.com": "https://hooks.example.com/",
    "https://hooks.example.com/a/b/?key=1&x=%2F": "https://hooks.example.com/a/b/?key=1&x=%2F",
    "HTTPS://Hooks.Example.COM:443/A": "https://hooks.example.com/A",
    "https://hooks.example.com:8443/": "https://hooks.example.com:8443/",
    "https://bücher.example/haken": "https://xn--bcher-kva.example/haken",
    "https://93.184.216.34/": "https://93.184.216.34/",
    "https://[2606:2800:220:1::1]/": "https://[2606:2800:220:1::1]/",
}
BAD = (
    "",
    "hooks.example.com",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://hooks.example.com/",
    "//hooks.example.com/",
    "https:///path",
    "http://hooks.example.com/",
    "https://user@hooks.example.com/",
    "https://user:secret@hooks.example.com/",
    "https://hooks.example.com@127.0.0.1/",
    "https://hooks.example.com/#part",
    "https://hooks.example.com/a b",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://hooks.example.com/\r\nHost: x",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com:x/",
    "https://hooks.example.com./",
    "https://hooks.example.com/ü",
    "https://localhost/",
    "https://printer.local/",
    "https://db.internal/",
    "https://intranet/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://0177.0.0.1/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://017700000001/",
    "https://１２７.０.０.１/",  # noqa: RUF001 (digits of another width)
    "https://①②⑦.0.0.1/",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://[fe80::1%25eth0]/",
    "https://-bad-.example/",
    "https://a..example/",
    "https://" + "a" * 64 + ".example/",
    "https://hooks.example/" + "a" * 2_048,
)


@pytest.mark.parametrize(("written", "kept"), GOOD.items())
def test_an_address_is_kept_in_one_form(written: str, kept: str) -> None:
    assert str(read_target("url", written, TargetRules())) == kept


@pytest.mark.parametrize("written", BAD)
def test_what_is_no_public_https_address_is_refused(written: str) -> None:
    refused = read_target("url", written, TargetRules())
    assert isinstance(refused, FieldInvalid)
    assert refused.field == "url"
    assert "secret" not in refused.message(), "what somebody typed may hold a password"


def test_a_stack_on_one_machine_may_send_to_itself_and_to_nobody_near() -> None:
    rules = TargetRules(loopback=True)
    for mine in ("http://127.0.0.1:8080/x", "http://localhost:1/", "https://[::1]/"):
        assert isinstance(read_target("url", mine, rules), TargetUrl), mine
    for near in ("http://10.0.0.1/", "http://127.0.0.2/", "http://hooks.example/", "https://192.168.1.1/"):
        assert isinstance(read_target("url", near, rules), FieldInvalid), near


def test_only_the_ports_of_the_settings_are_used() -> None:
    rules = TargetRules(ports=frozenset({443}))
    assert isinstance(read_target("url", "https://hooks.example/", rules), TargetUrl)
    assert isinstance(read_target("url", "https://hooks.example:6379/", rules), FieldInvalid)


class Answers:
    """A resolver that answers in turn, the last for good."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


class Line(httpcore.AsyncMockBackend):
    """A network that notes where it was connected to, and what server TLS was asked for."""

    def __init__(self, *, silent: str = "") -> None:
        super().__init__([b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"])
        self.connected: list[str] = []
        self._silent = silent

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.connected.append(host)
        if host == self._silent:
            raise httpcore.ConnectTimeout
        return await super().connect_tcp(host, port, timeout, local_address, socket_options)


def client(names: Answers, line: Line) -> httpx.AsyncClient:
    backend = GuardedBackend(names, loopback=False, inner=line)
    return httpx.AsyncClient(transport=GuardedTransport(backend, connections=10), trust_env=False)


async def test_a_connection_goes_to_the_address_that_was_looked_at() -> None:
    names, line = Answers(["93.184.216.34"], ["127.0.0.1"]), Line()
    async with client(names, line) as asking:
        answer = await asking.post("https://hooks.example/a")

    assert answer.status_code == 204
    assert (line.connected, names.asked) == (["93.184.216.34"], 1)
    assert answer.request.headers["host"] == "hooks.example"


async def test_a_name_that_answers_otherwise_at_the_next_connection_is_refused_there() -> None:
    names, line = Answers(["93.184.216.34"], ["127.0.0.1"]), Line()
    async with client(names, line) as asking:
        await asking.post("https://hooks.example/a")
        with pytest.raises(AddressRefused):
            await asking.post("https://hooks.example/a")

    assert line.connected == ["93.184.216.34"]


@pytest.mark.parametrize("answer", [["93.184.216.34", "10.0.0.1"], ["10.0.0.1", "93.184.216.34"], []])
async def test_one_address_that_is_not_public_is_enough(answer: list[str]) -> None:
    line = Line()
    async with client(Answers(answer), line) as asking:
        with pytest.raises(AddressRefused):
            await asking.post("https://hooks.example/a")

    assert line.connected == []


async def test_an_address_that_is_silent_leaves_the_others_to_be_tried() -> None:
    line = Line(silent="93.184.216.34")
    async with client(Answers(["93.184.216.34", "1.1.1.1"]), line) as asking:
        await asking.post("https://hooks.example/a")

    assert line.connected == ["93.184.216.34", "1.1.1.1"]


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    line = Line()
    async with client(Answers(["93.184.216.34"]), line) as asking:
        await asking.post("https://hooks.example/a")

    assert line.connected == ["93.184.216.34"]


@pytest.mark.parametrize("host", ["0x7f.1", "2130706433", "0177.0.0.1", "127.1"])
async def test_what_the_machines_resolver_takes_for_a_number_is_looked_at_as_one(host: str) -> None:
    """Were such a host ever let through, its address would not be."""
    names = SystemNames()
    try:
        assert await names.addresses(host, 443) == ["127.0.0.1"]
        with pytest.raises(AddressRefused):
            await GuardedBackend(names, loopback=False).connect_tcp(host, 443)
    finally:
        names.close()


async def test_a_name_that_nobody_knows_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    names = SystemNames()
    try:
        with pytest.raises(NameUnknown):
            await names.addresses("hooks.example", 443)
    finally:
        names.close()
