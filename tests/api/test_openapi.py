from typing import Any

import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient

from api import requests, responses
from api.problems import Problem
from api.routes import documents, feedback, index, openai, widget
from api.web import pages

CREDENTIAL = {"401", "403", "429"}
QUESTION = {"200", "400", *CREDENTIAL, "404", "413", "415", "422", "500", "503"}
ROUTES = {
    ("/v1/ask", "post"): QUESTION,
    ("/v1/search", "post"): QUESTION,
    ("/v1/feedback", "post"): QUESTION - {"200", "404"} | {"204"},
    ("/v1/feedback", "get"): {"200", *CREDENTIAL, "422", "500", "503"},
    ("/v1/unanswered", "get"): {"200", *CREDENTIAL, "422", "500", "503"},
    ("/v1/index", "get"): {"200", *CREDENTIAL, "500", "503"},
    ("/v1/index/reload", "post"): {"200", *CREDENTIAL, "500", "503"},
    ("/v1/documents/{id}", "get"): {"200", *CREDENTIAL, "404", "422", "500", "503"},
    ("/v1/suggestions", "get"): {"200", *CREDENTIAL, "404", "422", "500", "503"},
    ("/v1/widget/token", "post"): {"200", "400", "403", "413", "415", "422", "429", "500", "503"},
    ("/v1/chat/completions", "post"): QUESTION,
    ("/v1/models", "get"): {"200", *CREDENTIAL, "500", "503"},
    ("/v1/models/{id}", "get"): {"200", *CREDENTIAL, "404", "422", "500", "503"},
    ("/metrics", "get"): {"200", *CREDENTIAL, "500"},
    ("/widget/", "get"): {"200", "500"},
    ("/healthz", "get"): {"200", "500"},
    ("/readyz", "get"): {"200", "500", "503"},
}
MODELS = [
    model
    for module in (requests, responses, documents, feedback, index, openai, widget, pages)
    for model in vars(module).values()
    if isinstance(model, type) and issubclass(model, BaseModel) and model is not BaseModel
]


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    document: dict[str, Any] = client.get("/openapi.json").json()
    return document


def examples(document: dict[str, Any], content: dict[str, Any]) -> list[Any]:
    schema = content["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return [*schema.get("examples", []), *([content["example"]] if "example" in content else [])]


def test_every_route_is_described(document: dict[str, Any]) -> None:
    described = {
        (path, method): set(operation["responses"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert described == ROUTES


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_every_body_has_an_example(document: dict[str, Any], path: str, method: str) -> None:
    operation = document["paths"][path][method]
    assert operation["description"]
    for status, response in operation["responses"].items():
        assert ("content" in response) is (status != "204")
        for media_type, content in response.get("content", {}).items():
            shown = examples(document, content)
            assert shown, (path, status, media_type)
            if "error" in shown[0]:  # as OpenAI's clients read it
                assert path.startswith(("/v1/chat/", "/v1/models"))
            elif status != "200":
                assert media_type == "application/problem+json"
                assert Problem.model_validate(shown[0]).status == int(status)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        assert examples(document, content)


@pytest.mark.parametrize("model", MODELS)
def test_examples_are_valid(model: type[BaseModel]) -> None:
    for example in model.model_json_schema()["examples"]:
        model.model_validate(example)


def test_limits_are_documented(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in ("AskRequest", "SearchRequest"):
        assert schemas[name]["properties"]["question"]["maxLength"] == 2000
        assert schemas[name]["additionalProperties"] is False
        assert schemas[name]["required"] == ["question"]
