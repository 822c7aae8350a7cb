"""What OpenAPI says of the problems a route answers with."""

from http import HTTPStatus
from typing import Any

from api.problems import MEDIA_TYPE, Problem

Responses = dict[int | str, dict[str, Any]]


def problems(**by_status: str) -> Responses:
    """Document the problems a route answers with, beside the 500 of them all."""
    schema = Problem.model_json_schema()
    return {
        status.removeprefix("s"): {
            "description": description,
            "content": {
                MEDIA_TYPE: {
                    "schema": schema,
                    "example": {
                        "type": "about:blank",
                        "title": description,
                        "status": int(status.removeprefix("s")),
                        "detail": "What happened, and what to do about it.",
                    },
                }
            },
        }
        for status, description in {**by_status, **_EVERYWHERE}.items()
    }


_EVERYWHERE = {"s500": "The server failed"}
CREDENTIAL = {
    "s401": "No credential, or one that is no good",
    "s403": "The credential does not reach so far",
    "s429": "Too many requests; see Retry-After",
}
BODY = {
    "s400": "The body is not text",
    "s413": "The body is too large",
    "s415": "The body is not declared as JSON",
    "s422": "The request is not valid",
}
QUESTION = problems(
    **CREDENTIAL,
    **BODY,
    s404="Unknown product or variant",
    s503="Not loaded yet, or too many are waiting; see Retry-After",
)


def openai_problems(*statuses: int) -> Responses:
    """Document errors in OpenAI's shape."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["error"],
                        "properties": {"error": {"type": "object"}},
                    },
                    "example": {
                        "error": {
                            "message": "What happened, and what to do about it.",
                            "type": "invalid_request_error" if status < 500 else "server_error",
                            "param": None,
                            "code": "request",
                        }
                    },
                }
            },
        }
        for status in (*statuses, 500)
    }
