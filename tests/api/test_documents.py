from starlette.testclient import TestClient

from api.routes.documents import DocumentBody, SuggestionsBody
from api.routes.index import IndexBody, ReloadBody
from rag.engine import Engine
from tests.api.test_problems import problem


def test_a_citation_opens_in_the_whole_document(small_shop: TestClient) -> None:
    ask = {"question": "How long is the warranty?", "product_id": "KT17"}
    answer = small_shop.post("/v1/ask", json=ask).json()
    assert answer["citations"]
    for citation in answer["citations"]:
        path = citation["document_id"].replace("#", "%23")
        body = DocumentBody.model_validate(small_shop.get(f"/v1/documents/{path}").json())
        assert body.text[citation["start"] : citation["end"]] == citation["quote"]
        assert body.generation == answer["generation"]
        assert (body.title, body.source, body.url) == tuple(
            citation[name] for name in ("title", "source", "url")
        )


def test_pages_and_headings_are_told(small_shop: TestClient) -> None:
    manual = DocumentBody.model_validate(
        small_shop.get("/v1/documents/products/KT17/manual.pdf").json()
    )
    assert [page.number for page in manual.pages] == [1, 2]
    assert "Warranty" in [manual.text[each.start : each.end] for each in manual.headings]


def test_an_unknown_document(small_shop: TestClient) -> None:
    assert "nope.md" in problem(small_shop.get("/v1/documents/nope.md"), 404).detail


def test_suggestions_are_the_product_s_own_questions(small_shop: TestClient) -> None:
    response = small_shop.get("/v1/suggestions", params={"product_id": "KT12"})
    body = SuggestionsBody.model_validate(response.json())
    assert body.questions == ["Can I boil milk in it?", "How long is the cord?"]
    assert small_shop.get("/v1/suggestions").json() == {"questions": []}
    assert len(small_shop.get("/v1/suggestions?product_id=KT12&limit=1").json()["questions"]) == 1
    problem(small_shop.get("/v1/suggestions?product_id=nope"), 404)


def test_the_index_is_described(small_shop: TestClient, small_engine: Engine) -> None:
    manifest = small_engine.retriever.index.manifest
    body = IndexBody.model_validate(small_shop.get("/v1/index").json())
    assert (body.generation, body.documents, body.chunks) == (
        manifest.id,
        manifest.documents,
        manifest.chunks,
    )
    assert body.products == 2
    reloaded = ReloadBody.model_validate(small_shop.post("/v1/index/reload").json())
    assert not reloaded.changed
