"""Half a surrogate pair is no text: nowhere in a body does it make the service fail."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.test_access import ROUTES

LONE = "\ud800"
SCOPE = {
    "product_id": "KT12",
    "variant_id": "KT12-SAGE",
    "kinds": ["faq"],
    "locale": "en",
    "as_of": "2026-01-31",
    "shop": "shop",
    "filters": {
        "type": "and",
        "filters": [
            {"type": "eq", "key": "brand", "value": "Brook"},
            {"type": "in", "key": "brand", "value": ["Brook", "Rill"]},
        ],
    },
}
ASK = {**SCOPE, "question": "How long is the cord?", "history": ["Is it cordless?"]}
CHAT = {
    "model": "shelftalk",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Is it cordless?"}]},
        {"role": "assistant", "content": "No."},
        {"role": "user", "content": "How long is the cord?"},
    ],
    "shelftalk": SCOPE,
}  # fmt: skip
FEEDBACK = {
    "helpful": True,
    "question": "?",
    "answer_id": "r1",
    "answer": "90 cm",
    "product_id": "KT12",
    "generation": "g1",
    "reason": "wrong",
    "text": "It is longer.",
}
BODIES: dict[str, Any] = {
    "/v1/ask": ASK,
    "/v1/search": {**ASK, "explain": True},
    "/v1/chat/completions": CHAT,
    "/v1/feedback": FEEDBACK,
    "/v1/widget/token": {"shop": "shop"},
    "/v1/index/reload": {},
}


def spoilt(body: Any) -> Iterator[Any]:
    """The body with a lone surrogate in each of its texts, one at a time."""
    if isinstance(body, str):
        yield body + LONE
    elif isinstance(body, list):
        for place, item in enumerate(body):
            yield from ([*body[:place], other, *body[place + 1 :]] for other in spoilt(item))
    elif isinstance(body, dict):
        for name, value in body.items():
            yield from ({**body, name: other} for other in spoilt(value))


def misnamed(body: Any) -> Iterator[Any]:
    """The body with a lone surrogate in each of its members' names, one at a time."""
    if isinstance(body, list):
        for place, item in enumerate(body):
            yield from ([*body[:place], other, *body[place + 1 :]] for other in misnamed(item))
    elif isinstance(body, dict):
        for name, value in body.items():
            yield {**{key: body[key] for key in body if key != name}, name + LONE: value}
            yield from ({**body, name: other} for other in misnamed(value))


def test_every_route_with_a_body_is_here() -> None:
    assert {path for method, path in ROUTES if method == "POST"} == BODIES.keys()


@pytest.mark.parametrize("path", BODIES)
def test_no_text_of_a_body_may_be_half_a_pair(small_shop: TestClient, path: str) -> None:
    headers = {"content-type": "application/json"}
    assert small_shop.post(path, json=BODIES[path]).status_code < 300
    for body in spoilt(BODIES[path]):
        response = small_shop.post(path, content=json.dumps(body), headers=headers)
        assert response.status_code in (404, 422), (body, response.text)
    for body in misnamed(BODIES[path]):
        response = small_shop.post(path, content=json.dumps(body), headers=headers)
        assert response.status_code < 500, (body, response.text)
