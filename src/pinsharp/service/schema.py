"""What the OpenAPI document says of bodies and answers, with examples."""

from typing import Any

from pinsharp.restoration.recipe import OPTIONS
from pinsharp.service.accept import ANY, BOTH, SEEN, TYPES
from pinsharp.service.answers import REPORT
from pinsharp.service.asked import KINDS, Kind, allowed_parts, known_options
from pinsharp.service.problems import MEDIA_TYPE

_BINARY = {"type": "string", "format": "binary"}
_FILE = {"type": "string", "contentMediaType": ANY}
"""Any bytes: what they have to be is said where they are read."""

_EXAMPLES: dict[Kind, dict[str, Any]] = {
    "restore": {"kernel": "auto", "light": "srgb", "iterations": 1},
    "measure": {"light": "srgb", "per_channel": False},
    "detect": {"settings": {"threshold": 4.0, "minimum_per_pin": 5}},
    "profile": {"steps": "0,10,20um", "light": "linear"},
    "view": {"white_level": 4095},
}
_REPORTS: dict[Kind, dict[str, Any]] = {
    "restore": {"model": "swift", "sigma": 2.31, "verdict": "restorable", "restored": True, "reason": ""},
    "measure": {"model": "swift", "sigma": 2.31, "interval": [2.2, 2.4], "verdict": "restorable"},
    "detect": {"pins": [], "failed_pins": [], "minimum_per_pin": 5, "particles": []},
    "profile": {"format": "pinsharp camera profile", "version": 1},
    "view": {},
}
_JSON_TYPES = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "object",
    list: "array",
    type(None): "null",
}
_STATUS = {
    400: "An option, a part or the form is not what it should be.",
    401: "The key is missing or wrong.",
    404: "There is no such job.",
    406: "Nothing of what `Accept` names is made.",
    408: "The body came too slowly.",
    409: "The job has no result.",
    413: "The body is larger than is taken.",
    415: "The body is packed, or of a media type that is no image.",
    422: "The image cannot be read, restored or written in this format; the sentence says why.",
    429: "One client has too many requests at once; `Retry-After` says when.",
    503: "The service is busy, stopping, out of room, or the work took too long; `Retry-After` says when.",
}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "reason"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was expected, what came, what to do."},
        "reason": {"type": "string"},
    },
}
JOB: dict[str, Any] = {
    "type": "object",
    "required": ["id", "kind", "state", "attempts", "created"],
    "properties": {
        "id": {"type": "string"},
        "kind": {"enum": list(KINDS)},
        "state": {"enum": ["waiting", "running", "done", "failed", "cancelled"]},
        "attempts": {"type": "integer"},
        "created": {"type": "number"},
        "begun": {"type": ["number", "null"]},
        "ended": {"type": ["number", "null"]},
        "expires": {"type": ["number", "null"]},
        "progress": {"type": ["number", "null"], "description": "Share of the pixels that are done."},
        "report": {"type": ["object", "null"]},
        "error": {"type": ["string", "null"]},
        "reason": {"type": ["string", "null"]},
        "result": {"type": ["string", "null"], "description": "Where the result is fetched."},
    },
}

EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["waiting", "running", "done", "failed", "cancelled"]},
        "data": {"type": "string", "description": "The job as JSON."},
    },
}


def links(*operations: str) -> dict[str, Any]:
    """What can be done with a job that was accepted."""
    return {name: {"operationId": name, "parameters": {"job": "$response.body#/id"}} for name in operations}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What is said of refusals."""
    return {
        status: {"description": _STATUS[status], "content": {MEDIA_TYPE: {"schema": PROBLEM}}} for status in statuses
    }


def json_answer(words: str, schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    """What is said of an answer that is JSON."""
    content: dict[str, Any] = {"schema": schema}
    if example is not None:
        content["example"] = example
    return {"description": words, "content": {"application/json": content}}


def answers(kind: Kind) -> dict[int | str, dict[str, Any]]:
    """What is said of the answers to a request."""
    done = json_answer("The report.", {"type": "object"}, _REPORTS[kind])
    if kind == "restore":
        done["description"] = "The image, with the report in a header; or, by `Accept`, the report alone, or both."
        done["headers"] = {REPORT: {"description": "The report, JSON of ASCII.", "schema": {"type": "string"}}}
        done["content"] |= {media: {"schema": _BINARY} for media in (*TYPES.values(), ANY, BOTH, SEEN)}
    if kind == "view":
        done = {"description": "The image, 8 bits.", "content": {"image/png": {"schema": _BINARY}}}
    if kind == "detect":
        done["content"]["image/png"] = {"schema": _BINARY}
    accept = (406,) if kind == "restore" else ()
    return {200: done, **problems(400, 401, *accept, 408, 413, 415, 422, 429, 503)}


def body(kind: Kind) -> dict[str, Any]:
    """What is said of the body of a request."""
    parts = allowed_parts(kind)
    files = {name: _BINARY if name == "image" else _FILE for name in parts}
    form = {
        "type": "object",
        "properties": {"options": options(kind), **(_several(files) if kind == "profile" else files)},
        "required": ["image"] if "image" in parts else [],
        "additionalProperties": False,
    }
    return {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": form,
                "encoding": {"options": {"contentType": "application/json"}},
                "example": {"options": _EXAMPLES[kind]},
            },
            **{media: {"schema": _BINARY} for media in (ANY, "image/png", "image/tiff")},
        },
    }


def _several(files: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {name: {"type": "array", "items": one} for name, one in files.items()}


def options(kind: Kind) -> dict[str, Any]:
    """The options of a request as a JSON schema."""
    properties = {}
    for name, kinds in known_options(kind).items():
        types = [_JSON_TYPES[each] for each in kinds]
        properties[name] = {"type": types if len(types) > 1 else types[0]}
        if name in OPTIONS:
            properties[name]["description"] = OPTIONS[name].help
    return {"type": "object", "properties": properties, "additionalProperties": False, "example": _EXAMPLES[kind]}
