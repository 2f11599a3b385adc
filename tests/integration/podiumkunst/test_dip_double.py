"""The pretended DIP platform by itself: it takes what the platform would take, and refuses the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.integrations.podiumkunst.sandbox.app import DipDouble, DipPlan
from services.integrations.podiumkunst.sandbox.books import Books
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds

NUMBER = "NL-26-0412-77|11484906"
WHERE = {"production": "NL-26-0412-77", "number": "11484906"}
PERFORMANCE = {
    "production": {"id": WHERE["production"], "name": "De Storm"},
    "number": WHERE["number"],
    "date": "2026-12-04T20:15:00",
    "theater": {"id": "t1", "name": "De Kring", "province": {"id": "NB", "name": "Noord-Brabant"}},
    "hall": {"name": "Grote zaal"},
}
TOLD = {**WHERE, "tickets": [{"kind": "normal", "amount": 40, "recette": 100_000}]}


class SetClock(SystemClock):
    """Stands until it is moved."""

    at_ms = 1_796_000_000_000

    def now_ms(self) -> int:
        return self.at_ms


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def dip(clock: SetClock, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running double with one account and one performance."""
    double = DipDouble(DipPlan(data_path=str(tmp_path / "dip.json"), token_seconds=60), clock=clock, ids=RandomIds())
    await double.start()
    async with httpx.AsyncClient(base_url=double.url, trust_env=False) as client:
        for client_id in ("kring", "other"):
            await client.post("/double/clients", json={"client_id": client_id, "client_secret": "s3cret"})
        added = await client.post("/double/clients/kring/performances", json=[PERFORMANCE])
        assert added.status_code == 200, added.text
        yield client
    await double.stop()


async def token(dip: httpx.AsyncClient, client_id: str = "kring") -> dict[str, str]:
    answer = await dip.post("/token", data={"client_id": client_id, "client_secret": "s3cret"})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def test_figures_are_kept_per_number_and_read_back_with_their_province(dip: httpx.AsyncClient) -> None:
    headers = await token(dip)
    kinds = [{"kind": "normal", "amount": 38, "recette": 95_000}, {"kind": "free", "amount": 2, "recette": 0}]
    for path, body in {
        "/tickets/cumulative": {**WHERE, "tickets": kinds},
        "/reservations/cumulative": {**WHERE, "amount": 4, "recette": 10_000},
        "/blockedseats/cumulative": {**WHERE, "amount": 3},
        f"/productions/{WHERE['production']}/performances/{WHERE['number']}/capacity": {"amount_rank1": 400},
    }.items():
        answer = await dip.put(path, json=body, headers=headers)
        assert answer.status_code == 200, (path, answer.text)
    told = (await dip.get("/double/clients/kring/told")).json()[NUMBER]
    assert (told["tickets"], told["blocked"]["amount"]) == ({"tickets": kinds}, 3)
    assert told["capacity"]["amount_rank1"] == 400
    (theater,) = (await dip.get(f"/productions/{WHERE['production']}/sales", headers=headers)).json()
    assert (theater["tickets"], theater["recette"], theater["province"]["id"]) == (40, 95_000, "NB")


async def test_no_sales_history_is_a_400(dip: httpx.AsyncClient) -> None:
    answer = await dip.get(f"/productions/{WHERE['production']}/sales", headers=await token(dip))
    assert (answer.status_code, answer.json()["error"]) == (400, "no_sales_history")


@pytest.mark.parametrize(
    "body",
    [
        TOLD | {"delta": 1},
        TOLD | {"number": 11484906},
        TOLD | {"number": "0"},
        TOLD | {"tickets": [{"kind": "normal", "amount": -1, "recette": 0}]},
        TOLD | {"tickets": [{"kind": "normal", "amount": 1, "recette": 25.0}]},
        TOLD | {"tickets": [{"kind": "senior", "amount": 1, "recette": 0}]},
        TOLD | {"tickets": [{"kind": "normal", "amount": 1, "recette": 0}] * 2},
        WHERE,
    ],
)
async def test_what_the_platform_would_not_take_is_refused_and_nothing_is_kept(
    dip: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    answer = await dip.put("/tickets/cumulative", json=body, headers=await token(dip))
    assert (answer.status_code, answer.json().keys()) == (400, {"error", "error_description"})
    assert (await dip.get("/double/clients/kring/told")).json() == {}


async def test_a_performance_of_another_account_is_unknown(dip: httpx.AsyncClient) -> None:
    answer = await dip.put("/tickets/cumulative", json=TOLD, headers=await token(dip, "other"))
    assert (answer.status_code, answer.json()["error"]) == (400, "unknown_performance")


async def test_no_token_an_old_one_and_a_wrong_secret_are_refused(dip: httpx.AsyncClient, clock: SetClock) -> None:
    assert (await dip.get("/theaters/performances")).status_code == 401
    headers = await token(dip)
    assert (await dip.get("/theaters/performances", headers=headers)).json()[0]["number"] == WHERE["number"]
    clock.at_ms += 60_001
    assert (await dip.get("/theaters/performances", headers=headers)).json()["error"] == "invalid_token"
    answer = await dip.post("/token", data={"client_id": "kring", "client_secret": "guess"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")


async def test_it_misbehaves_as_told_and_as_often_as_told(dip: httpx.AsyncClient) -> None:
    headers = await token(dip)
    statuses = []
    for how in ("500", "html", "wrong_json", "error_in_200", "429", "kept_then_500", "token_refused"):
        await dip.post("/double/clients/kring/misbehave", json={"how": how, "times": 1})
        answer = await dip.put("/tickets/cumulative", json=TOLD, headers=headers)
        statuses.append(answer.status_code)
    assert statuses == [500, 200, 200, 200, 429, 500, 401]
    assert NUMBER in (await dip.get("/double/clients/kring/told")).json(), "one was kept before its 500"
    await dip.post("/double/clients/kring/misbehave", json={"how": ""})
    await dip.post("/double/clients/kring/misbehave", json={"how": "silence"})
    headers = await token_after_silence(dip)
    assert (await dip.put("/tickets/cumulative", json=TOLD, headers=headers)).status_code == 200


async def token_after_silence(dip: httpx.AsyncClient) -> dict[str, str]:
    """Silence lasts until the caller has enough; the account behaves again afterwards."""
    with pytest.raises(httpx.ReadTimeout):
        await dip.post("/token", data={"client_id": "kring", "client_secret": "s3cret"}, timeout=0.2)
    await dip.post("/double/clients/kring/misbehave", json={"how": ""})
    return await token(dip)


async def test_its_log_has_every_request_and_no_secret(dip: httpx.AsyncClient) -> None:
    headers = await token(dip)
    await dip.put("/tickets/cumulative", json=TOLD, headers=headers)
    log = (await dip.get("/double/requests?client_id=kring")).json()
    assert [(line["method"], line["path"], line["status"]) for line in log] == [
        ("POST", "/token", 200),
        ("PUT", "/tickets/cumulative", 200),
    ]
    assert "s3cret" not in str(log)


async def test_what_it_knows_survives_a_restart(dip: httpx.AsyncClient, tmp_path: Path) -> None:
    await dip.put("/tickets/cumulative", json=TOLD, headers=await token(dip))
    again = Books(str(tmp_path / "dip.json"), 60, RandomIds())
    assert NUMBER in again.accounts["kring"].performances
    assert again.told("kring", NUMBER).tickets == {"tickets": TOLD["tickets"]}
