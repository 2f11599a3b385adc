"""`--id` prints the id of what an answer is about, whatever stands beside it."""

from __future__ import annotations

from balcon.catalogue.v1.productions_pb2 import CreateProductionResponse, ListProductionsResponse, Production
from balcon.webhooks.v1.webhooks_pb2 import CreateEndpointResponse, Endpoint

from services.console.house.printing import ids_of


def test_the_id_of_the_one_thing_is_printed() -> None:
    assert ids_of(CreateProductionResponse(production=Production(production_id="prd_1"))) == ["prd_1"]


def test_a_thing_with_a_secret_beside_it_has_an_id_too() -> None:
    assert ids_of(CreateEndpointResponse(endpoint=Endpoint(endpoint_id="end_1"), secret="whsec_x")) == ["end_1"]


def test_a_list_has_one_id_for_each() -> None:
    listed = ListProductionsResponse(productions=[Production(production_id="prd_1"), Production(production_id="prd_2")])
    assert ids_of(listed) == ["prd_1", "prd_2"]
