"""The read API's description: OpenAPI as JSON, and a page that shows it without anything from outside.

Does not describe sending: the collector documents its own routes.
"""

import json
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse

from dashboard.access import Access
from dashboard.json_answers import json_answer

_TEMPLATE = Path(__file__).parent / "templates" / "reference.html"
_POLICY = "default-src 'none'; style-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'"


def documentation_routes(app: FastAPI, access: Access) -> APIRouter:
    """`/api/openapi.json` and `/api/docs`, for whoever may see the pages."""
    router = APIRouter(prefix="/api", include_in_schema=False, dependencies=[Depends(access.require_viewer)])

    @router.get("/openapi.json")
    async def read_description() -> Response:
        return json_answer(describe(app))

    @router.get("/docs")
    async def show_description(_request: Request) -> Response:
        page = Template(_TEMPLATE.read_text()).substitute(routes="".join(_route_entries(describe(app))))
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})

    return router


def describe(app: FastAPI) -> dict[str, Any]:
    """OpenAPI of every documented route, with the key that they need."""
    description = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemes = {"secretKey": {"type": "http", "scheme": "bearer", "description": "The secret key of the installation."}}
    description.setdefault("components", {})["securitySchemes"] = schemes
    for path, operations in description["paths"].items():
        for operation in operations.values():
            if path.startswith("/api/"):
                operation["security"] = [{"secretKey": []}]
    return description


def _route_entries(description: Mapping[str, Any]) -> list[str]:
    schemas = description["components"]["schemas"]
    return [
        _entry(path, method.upper(), operation, schemas)
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    ]


def _entry(path: str, method: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    parameters = "".join(
        f"<tr><th scope='row'><code>{escape(parameter['name'])}</code></th>"
        f"<td>{escape(_allowed(parameter['schema']))}</td><td>{_prose(parameter.get('description', ''))}</td></tr>"
        for parameter in operation.get("parameters", ())
    )
    example = _example(operation, schemas)
    return (
        f"<section class='card'><h2><span class='method'>{method}</span> <code>{escape(path)}</code></h2>"
        f"<p>{_prose(operation.get('description', ''))}</p>"
        + (f"<table class='data'>{parameters}</table>" if parameters else "")
        + (f"<pre>{escape(example)}</pre>" if example else "")
        + "</section>"
    )


def _prose(text: str) -> str:
    """Text as markup, names between backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _allowed(schema: Mapping[str, Any]) -> str:
    """What a parameter may be; one that may be left out says the same as one that must not."""
    for choice in (schema, *schema.get("anyOf", ())):
        if "enum" in choice:
            return " | ".join(choice["enum"])
        if choice.get("type") == "integer":
            return "number"
    return "text"


def _example(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    example = schemas.get(name, {}).get("example")
    return json.dumps(example, indent=2, ensure_ascii=False) if example is not None else ""
