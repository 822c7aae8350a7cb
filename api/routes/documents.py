"""Whole documents for those who look things up, and questions a product's documents answer."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse, Response

from api.callers import ByServer, ByWidget
from api.documented import CREDENTIAL, problems
from api.service import Shared
from rag.body import Body
from rag.engine import Engine
from rag.types import Document, Kind, Scope

router = APIRouter()

_MOST_PASSAGES = 200
"""FAQ passages looked at for suggestions."""
_DOCUMENT: dict[str, Any] = {
    "id": "products/BR-KT17/manual.pdf",
    "kind": "manual",
    "title": "Rill Kettle 1.7 L",
    "text": "Descaling\nDescale every two months.",
    "source": "products/BR-KT17/manual.pdf",
    "url": None,
    "pages": [{"number": 1, "start": 0, "end": 35}],
    "headings": [{"level": 1, "start": 0, "end": 9}],
    "product_ids": ["BR-KT17"],
    "variant_ids": [],
    "locale": "en",
    "effective_from": None,
    "effective_until": None,
    "version": None,
    "generation": "20261122T202241500991-fd041aa4",
}
_SUGGESTIONS: dict[str, Any] = {"questions": ["How do I descale it?", "How long is the cord?"]}


class PageBody(BaseModel):
    """A page of a document: characters `start` to `end` of the text."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [_DOCUMENT["pages"][0]]}
    )

    number: int
    start: int
    end: int


class HeadingBody(BaseModel):
    """A heading of a document: characters `start` to `end` of the text."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [_DOCUMENT["headings"][0]]}
    )

    level: int
    start: int
    end: int


class DocumentBody(BaseModel):
    """A whole document; citations of the same generation point into its `text`."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_DOCUMENT]})

    id: str
    kind: Kind
    title: str
    text: str
    source: str
    url: str | None
    pages: list[PageBody]
    headings: list[HeadingBody]
    product_ids: list[str]
    variant_ids: list[str]
    locale: str | None
    effective_from: str | None
    effective_until: str | None
    version: str | None
    generation: str


class SuggestionsBody(BaseModel):
    """Questions that are answered on the product's own FAQ, or else on the shop's."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_SUGGESTIONS]})

    questions: list[str]


@router.get(
    "/v1/documents/{id:path}",
    response_model=DocumentBody,
    responses=problems(
        **CREDENTIAL, s404="There is no such document", s422="No valid id", s503="Not loaded yet"
    ),
)
async def read_document(id: str, caller: ByServer, service: Shared, request: Request) -> Response:
    """A whole document, by the id that passages and citations give; `#` is written `%23`."""
    engine = caller.shop.engine

    def found() -> Body:
        document = caller.shop.document(engine, id)
        return {**_body(document), "generation": engine.generation}

    return JSONResponse(await service.run(request, found))


@router.get(
    "/v1/suggestions",
    response_model=SuggestionsBody,
    responses=problems(
        **CREDENTIAL, s404="Unknown product", s422="The request is not valid", s503="Not loaded yet"
    ),
)
async def suggest(
    caller: ByWidget,
    service: Shared,
    request: Request,
    product_id: Annotated[str | None, Query(min_length=1, max_length=256)] = None,
    locale: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=20)] = 4,
) -> Response:
    """Questions worth asking: the headings of FAQs that end in a question mark."""
    engine = caller.shop.engine
    scope = Scope(
        product_id=product_id,
        kinds=frozenset({Kind.FAQ}),
        locale=locale,
        shop=caller.shop.scope,
    )
    questions = await service.run(request, lambda: _questions(engine, scope)[:limit])
    return JSONResponse({"questions": questions}, headers={"Cache-Control": "private, max-age=60"})


def _questions(engine: Engine, scope: Scope) -> list[str]:
    passages = engine.retriever.index.passages
    rows = passages.rows(scope)
    owned = passages.heads.owned[rows]
    chosen = rows[owned] if scope.product_id and owned.any() else rows[~owned]
    chunks = passages.chunks(chosen[:_MOST_PASSAGES].tolist())
    headings = (heading.strip() for chunk in chunks for heading in chunk.headings[-1:])
    return list(dict.fromkeys(each for each in headings if each.endswith(("?", "？"))))


def _body(document: Document) -> Body:
    since, until = document.effective_from, document.effective_until
    return {
        "id": document.id,
        "kind": document.kind.value,
        "title": document.title,
        "text": document.text,
        "source": document.source,
        "url": document.url,
        "pages": [page._asdict() for page in document.pages],
        "headings": [
            {"level": block.level, "start": block.start, "end": block.end}
            for block in document.blocks
            if block.level
        ],
        "product_ids": list(document.product_ids),
        "variant_ids": list(document.variant_ids),
        "locale": document.locale,
        "effective_from": since and since.isoformat(),
        "effective_until": until and until.isoformat(),
        "version": document.version,
    }
