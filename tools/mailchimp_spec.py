"""Makes tests/data/mailchimp/marketing.json: what Balcon speaks of MailChimp's published definition, as OpenAPI 3.

`python -m tools.mailchimp_spec <folder of the published files>`
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

# The files are MailChimp's Marketing API 3.0.55 (Swagger 2.0) in parts, from the repository of its client libraries'
# generator (mailchimp/mailchimp-client-lib-codegen, Apache 2.0). Two calls are in none of the parts that were at hand
# (ADDED): their shapes come from MailChimp's reference pages, its release notes and its clients.
OUT: Final = Path("tests/data/mailchimp/marketing.json")
# By file: path and methods that Balcon asks.
SPOKEN: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "mailchimp-lists-api-openapi.yml": {"/lists": ("get",)},
    "mailchimp-members-api-openapi.yml": {
        "/lists/{list_id}/members": ("get",),
        "/lists/{list_id}/members/{subscriber_hash}": ("put", "patch"),
        "/lists/{list_id}/members/{subscriber_hash}/tags": ("post",),
        "/lists/{list_id}/members/{subscriber_hash}/actions/delete-permanent": ("post",),
    },
    "mailchimp-webhooks-api-openapi.yml": {
        "/lists/{list_id}/webhooks": ("get", "post"),
        "/lists/{list_id}/webhooks/{webhook_id}": ("delete",),
    },
}
_DROPPED: Final = ("default", "description", "summary", "title", "example", "readOnly")
_MEMBER: Final = {
    "type": "object",
    "required": ["email_address", "status"],
    "additionalProperties": False,
    "properties": {
        "email_address": {"type": "string"},
        "status": {"type": "string", "enum": ["subscribed", "unsubscribed", "cleaned", "pending", "transactional"]},
        "merge_fields": {"type": "object"},
        "language": {"type": "string"},
        "timestamp_opt": {"type": "string", "format": "date-time"},
        "ip_opt": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}


def _listed(*names: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object", "required": list(names)}}


ADDED: Final[dict[str, Any]] = {
    "/": {
        "get": {
            "parameters": [{"name": "fields", "in": "query", "schema": {"type": "string"}}],
            "responses": {"200": {"type": "object", "properties": {"account_name": {"type": "string"}}}},
        }
    },
    "/lists/{list_id}": {
        "post": {
            "parameters": [
                {"name": "skip_merge_validation", "in": "query", "schema": {"type": "boolean"}},
                {"name": "skip_duplicate_check", "in": "query", "schema": {"type": "boolean"}},
            ],
            "body": {
                "type": "object",
                "required": ["members"],
                "additionalProperties": False,
                "properties": {
                    "members": {"type": "array", "maxItems": 500, "items": _MEMBER},
                    "update_existing": {"type": "boolean"},
                    "sync_tags": {"type": "boolean"},
                },
            },
            "responses": {
                "200": {
                    "type": "object",
                    "required": ["new_members", "updated_members", "errors", "total_created", "error_count"],
                    "properties": {
                        "new_members": _listed("id", "email_address", "status"),
                        "updated_members": _listed("id", "email_address", "status"),
                        "errors": _listed("email_address", "error", "error_code"),
                        "total_created": {"type": "integer"},
                        "error_count": {"type": "integer"},
                    },
                }
            },
        }
    },
}


def schema_of(found: Any) -> Any:
    """Without its prose; what it does not name it does not take: a request is told of a field that is mistyped."""
    if isinstance(found, list):
        return [schema_of(one) for one in found]
    if not isinstance(found, dict):
        return found
    kept = {name: value for name, value in found.items() if not name.startswith("x-")}
    if kept.get("type") in {"object", "array", "string", "integer", "number", "boolean"}:
        kept = {name: value for name, value in kept.items() if name not in _DROPPED}
    if "properties" in kept:
        kept["properties"] = {name: schema_of(one) for name, one in kept["properties"].items()}
        rest = {name: schema_of(value) for name, value in kept.items() if name != "properties"}
        return {**rest, "properties": kept["properties"]}
    return {name: schema_of(value) for name, value in kept.items()}


def closed(schema: Any) -> Any:
    """The schema of a request's body: unknown fields are refused, where it names any."""
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(value) if name == "items" else value for name, value in schema.items()}
    if "properties" in schema:
        made["properties"] = {name: closed(value) for name, value in schema["properties"].items()}
        made.setdefault("additionalProperties", False)
    return made


def operation(found: dict[str, Any]) -> dict[str, Any]:
    """Swagger 2's operation as OpenAPI 3 writes it."""
    made: dict[str, Any] = {"parameters": [], "responses": {}}
    for one in found.get("parameters", []):
        if one["in"] == "body":
            content = {"application/json": {"schema": closed(schema_of(one["schema"]))}}
            made["requestBody"] = {"required": True, "content": content}
            continue
        kind = {name: schema_of(one[name]) for name in ("type", "items", "enum", "format") if name in one}
        parameter = {"name": one["name"], "in": one["in"], "required": bool(one.get("required")), "schema": kind}
        if one.get("type") == "array":
            parameter |= {"style": "form", "explode": False}
        made["parameters"].append(parameter)
    for status, answer in found["responses"].items():
        made["responses"][status] = _answer(schema_of(answer.get("schema")))
    return made


def added(found: dict[str, Any]) -> dict[str, Any]:
    """One of ADDED as an operation."""
    parameters = [{"required": False, **one} for one in found["parameters"]]
    made: dict[str, Any] = {"parameters": parameters, "responses": {}}
    if "body" in found:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": found["body"]}}}
    for status, schema in found["responses"].items():
        made["responses"][status] = _answer(schema)
    made["responses"]["default"] = _answer({"type": "object", "required": ["type", "title", "status"]})
    return made


def _answer(schema: Any) -> dict[str, Any]:
    if not schema or schema == {}:
        return {"description": ""}
    return {"description": "", "content": {"application/json": {"schema": schema}}}


def _path_parameters(path: str) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def reduced(folder: Path) -> dict[str, Any]:
    """The document."""
    paths: dict[str, Any] = {}
    for file, spoken in SPOKEN.items():
        whole = yaml.safe_load((folder / file).read_text())
        for path, methods in spoken.items():
            paths[path] = {method: operation(whole["paths"][path][method]) for method in methods}
    for path, methods in ADDED.items():
        paths[path] = {method: added(one) for method, one in methods.items()}
        for one in paths[path].values():
            one["parameters"] += _path_parameters(path)
    info = {"title": "What Balcon speaks of MailChimp's Marketing API", "version": "3.0.55"}
    return {"openapi": "3.0.3", "info": info, "servers": [{"url": "/3.0"}], "paths": paths}


def main() -> None:
    """Writes OUT."""
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(reduced(Path(sys.argv[1])), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
