"""The OpenAPI description of the ingest routes, which FastAPI does not route (see `ingest.app`).

Does not validate anything.
"""

from typing import Any

from ingest.rejections import STATUS, Reason
from ingest.routes import TYPES

Document = dict[str, Any]

_MESSAGE_EXAMPLE: Document = {
    "messageId": "0190c2a4-7d3e-7c1a-9f00-3f3a6f2f8e11",
    "userId": "user-42",
    "anonymousId": "b7a1c9e2-5a53-4a54-8a39-5c6b2a4b7c10",
    "timestamp": "2026-11-21T17:26:36.860Z",
    "context": {"library": {"name": "curl", "version": "8"}},
}
_OWN: dict[str, Document] = {
    "track": {"event": "Task Completed", "properties": {"project_id": "p-7"}},
    "identify": {"traits": {"role": "admin", "plan": "team", "country": "FR"}},
    "alias": {"previousId": "b7a1c9e2-5a53-4a54-8a39-5c6b2a4b7c10"},
    "group": {"groupId": "acme", "traits": {"industry": "software", "size": "50-200"}},
    "page": {"name": "Pricing", "properties": {"path": "/pricing"}},
    "screen": {"name": "Inbox"},
}
_SUMMARIES = {
    "track": "Someone did something",
    "identify": "Who someone is",
    "alias": "Two ids are one person",
    "group": "Someone belongs to an account",
    "page": "Someone saw a page",
    "screen": "Someone saw a screen of an app",
}
_ID = {"type": ["string", "integer", "null"]}
_TIME = {"type": "string", "format": "date-time"}
_OBJECT = {"type": ["object", "null"]}
_MESSAGE = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": list(TYPES), "description": "needed in batches only"},
        "event": {"type": "string"},
        "object": {"type": "string", "description": "with `verb`, instead of `event`"},
        "verb": {"type": "string"},
        "name": {"type": "string"},
        "messageId": _ID,
        "userId": _ID,
        "anonymousId": _ID,
        "previousId": _ID,
        "groupId": _ID,
        "timestamp": _TIME,
        "originalTimestamp": _TIME,
        "sentAt": _TIME,
        "properties": _OBJECT,
        "traits": _OBJECT,
        "context": _OBJECT,
        "writeKey": {"type": "string"},
    },
}
_BATCH = {
    "type": "object",
    "required": ["batch"],
    "properties": {
        "batch": {"type": "array", "items": {"$ref": "#/components/schemas/Message"}},
        "sentAt": _TIME,
        "writeKey": {"type": "string"},
        "context": _OBJECT,
    },
}
_VERDICT = {
    "type": "object",
    "properties": {
        "message_id": {"type": "string"},
        "status": {"type": "string", "enum": ["flagged", "quarantined", "duplicate"]},
        "violations": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("rule", "property", "message")},
            },
        },
    },
}
_STORED = {
    "type": "object",
    "properties": {
        "success": {"const": True},
        "status": {"const": 1},
        "error": {"type": "null"},
        "code": {"const": 200},
        "accepted": {"type": "integer"},
        "quarantined": {"type": "integer"},
        "events": {"type": "array", "items": {"$ref": "#/components/schemas/Verdict"}},
        "message_id": {"type": "string", "description": "the id that was made for a single message without one"},
        "minted": {
            "type": "array",
            "description": "the ids that were made for messages of a batch without one",
            "items": {
                "type": "object",
                "properties": {"index": {"type": "integer"}, "message_id": {"type": "string"}},
            },
        },
    },
}
_REFUSED = {
    "type": "object",
    "properties": {
        "success": {"const": False},
        "status": {"const": 0},
        "code": {"type": "integer", "description": "the HTTP status; 400 with a 401"},
        "reason": {"type": "string", "enum": [reason.value for reason in Reason]},
        "message": {"type": "string"},
        "error": {"type": "string"},
        "detail": {"type": "string"},
    },
}
_SCHEMAS = {"Message": _MESSAGE, "Batch": _BATCH, "Verdict": _VERDICT, "Stored": _STORED, "Refused": _REFUSED}
_STORED_EXAMPLE: Document = {
    "success": True,
    "status": 1,
    "error": None,
    "code": 200,
    "accepted": 1,
    "quarantined": 0,
    "events": [],
}


def add_ingest_routes(document: Document) -> Document:
    """The document with the ingest routes, their schemas and how keys are sent."""
    paths = {f"/v1/{kind}": _operation(_SUMMARIES[kind], "Message", _MESSAGE_EXAMPLE | _OWN[kind]) for kind in TYPES}
    batch = {"batch": [{"type": kind} | _MESSAGE_EXAMPLE | _OWN[kind] for kind in ("identify", "track")]}
    paths["/v1/batch"] = _operation("Several messages of any type", "Batch", batch)
    paths["/v1/import"] = _operation("The same as /v1/batch", "Batch", batch)
    keys = {"basic": {"type": "http", "scheme": "basic"}, "bearer": {"type": "http", "scheme": "bearer"}}
    components = {"schemas": _SCHEMAS, "securitySchemes": keys}
    return add_paths(document, {"paths": paths, "components": components})


def add_paths(document: Document, other: Document) -> Document:
    """Both documents' paths and components; those of `document` win."""
    components = {**document.get("components", {})}
    for kind, entries in other.get("components", {}).items():
        components[kind] = {**entries, **components.get(kind, {})}
    return {**document, "paths": {**other.get("paths", {}), **document["paths"]}, "components": components}


def _operation(summary: str, schema: str, example: Document) -> Document:
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": example}
    stored = {"schema": {"$ref": "#/components/schemas/Stored"}, "example": _STORED_EXAMPLE}
    refused = {"application/json": {"schema": {"$ref": "#/components/schemas/Refused"}}}
    reasons = sorted({STATUS[reason] for reason in Reason} - {404, 405})
    responses = {str(status): {"description": _reasons_of(status), "content": refused} for status in reasons}
    responses["200"] = {
        "description": "every message has its place in the log",
        "content": {"application/json": stored},
    }
    return {
        "post": {
            "summary": summary,
            "tags": ["events"],
            "security": [{"basic": []}, {"bearer": []}],
            "requestBody": {"required": True, "content": {"application/json": content}},
            "responses": responses,
        }
    }


def _reasons_of(status: int) -> str:
    return ", ".join(reason.value for reason in Reason if STATUS[reason] == status)
