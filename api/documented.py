"""What OpenAPI says of the problems a route answers with."""

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
