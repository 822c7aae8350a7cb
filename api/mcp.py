"""The shop's knowledge for assistants, by the Model Context Protocol (extra `mcp`)."""

from collections.abc import Callable
from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated, Any
from urllib.parse import quote

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access import Access
from api.callers import admitted
from api.keys import Role
from api.limits import Gate
from api.problems import RefusedError, TooManyError, UnavailableError, problem_response
from api.rates import Rates
from api.shops import Shop
from rag import types
from rag.body import Body, answer_body, passage_body
from rag.engine import Engine
from rag.errors import InputError
from rag.question import MAX_QUESTION
from rag.types import Document, Kind, Question

_INSTRUCTIONS = (
    "Answers come from the shop's own documents: product specifications, manuals, FAQs, policies "
    "and reviews. Pass a product_id where the question is about one product. Quote the citations; "
    "where an answer's status is abstained, the documents do not say, and nothing may be invented."
)
_FOUND = 10
"""Passages looked at for `search`."""

Query = Annotated[
    str, Field(min_length=1, max_length=MAX_QUESTION, description="A question in words.")
]
ProductId = Annotated[str, Field(min_length=1, max_length=256, description="A product's id.")]


def make_server(shop: Shop) -> MCPServer[Any]:
    """A server with the tools, on one shop's documents."""
    server: MCPServer[Any] = MCPServer(
        "shelftalk", version=version("shelftalk"), instructions=_INSTRUCTIONS
    )
    gate = Gate()

    async def run(call: Callable[[Engine], Body]) -> Body:
        try:
            engine = shop.engine
            return await gate.run(lambda: call(engine))
        except (InputError, UnavailableError) as error:  # written to be read
            raise ToolError(str(error)) from error

    def scope(**about: Any) -> types.Scope:  # noqa: ANN401  (the fields of a scope)
        return types.Scope(shop=shop.scope, **about)

    @server.tool()
    async def search_shop_policies_and_faqs(
        query: Query, limit: Annotated[int, Field(ge=1, le=20)] = 5
    ) -> dict[str, Any]:
        """Find what the shop's policies and FAQs say: delivery, returns, warranty, payment."""
        kinds = frozenset({Kind.POLICY, Kind.FAQ})
        question = Question(query, scope(kinds=kinds))
        return await run(
            lambda engine: {
                "passages": [passage_body(found) for found in engine.search(question, limit)],
                "generation": engine.generation,
            }
        )

    @server.tool()
    async def get_product(product_id: ProductId) -> dict[str, Any]:
        """A product's name, its specifications, and which documents there are about it."""
        return await run(lambda engine: _product(engine, product_id, scope(product_id=product_id)))

    @server.tool()
    async def ask(query: Query, product_id: ProductId | None = None) -> dict[str, Any]:
        """Answer a question with verified citations, or say that the documents do not."""
        question = Question(query, scope(product_id=product_id))
        return await run(lambda engine: _without_passages(answer_body(engine.ask(question))))

    @server.tool()
    async def search(query: Query) -> dict[str, Any]:
        """Find documents. Gives ids for `fetch`."""
        question = Question(query, scope())
        return await run(lambda engine: _results(engine.search(question, _FOUND)))

    @server.tool()
    async def fetch(id: Annotated[str, Field(min_length=1, max_length=1024)]) -> dict[str, Any]:
        """The whole text of a document, by the id that `search` gave."""
        return await run(lambda engine: _fetched(shop.document(engine, id)))

    return server


class NeedsKey:
    """Before a server on HTTP: the key of a server or admin of its shop, where there are keys."""

    def __init__(self, app: ASGIApp, access: Access, rates: Rates, shop: Shop) -> None:
        self._app = app
        self._access = access
        self._rates = rates
        self._shop = shop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 401, 403 or 429."""
        if scope["type"] == "http":
            asking = HTTPConnection(scope)
            scheme, _, presented = asking.headers.get("authorization", "").partition(" ")
            try:
                key = presented if scheme.lower() == "bearer" else None
                caller = admitted(self._access, self._rates, key, asking)
                if caller.role < Role.SERVER or caller.shop is not self._shop:
                    raise RefusedError(
                        HTTPStatus.FORBIDDEN, "This needs the key of a server of this shop."
                    )
            except (RefusedError, TooManyError, UnavailableError) as error:
                await problem_response(error, scope["path"])(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _product(engine: Engine, id: str, scope: types.Scope) -> Body:
    passages = engine.retriever.index.passages
    rows = passages.rows(scope)
    owned = rows[passages.heads.owned[rows]]
    ids = dict.fromkeys(chunk.document_id for chunk in passages.chunks(owned.tolist()))
    documents = [passages.document(each) for each in ids]
    return {
        "product_id": id,
        "name": passages.catalogue(scope.shop).names.get(id),
        "documents": [
            {"id": each.id, "title": each.title, "kind": each.kind.value, "url": _url(each)}
            for each in documents
            if each.kind is not Kind.REVIEW
        ],
        "reviews": sum(each.kind is Kind.REVIEW for each in documents),
        "specifications": [each.text for each in documents if each.kind is Kind.SPEC],
        "generation": engine.generation,
    }


def _without_passages(body: Body) -> Body:
    return {name: value for name, value in body.items() if name != "passages"}


def _results(passages: list[types.Passage]) -> Body:
    documents = {passage.document.id: passage.document for passage in passages}
    return {
        "results": [
            {"id": each.id, "title": each.title, "url": _url(each)} for each in documents.values()
        ]
    }


def _fetched(document: Document) -> Body:
    return {
        "id": document.id,
        "title": document.title,
        "text": document.text,
        "url": _url(document),
        "metadata": {
            "kind": document.kind.value,
            "source": document.source,
            "product_ids": ", ".join(document.product_ids),
        },
    }


def _url(document: Document) -> str:
    """Where it is on the web; else a name for it, since assistants want something to cite."""
    return document.url or f"urn:shelftalk:document:{quote(document.id)}"
