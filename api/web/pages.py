"""Routes a browser opens: the box's script, the demo shop, the lookup page."""

from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from api.callers import ByWidget
from api.documented import problems
from api.web.shop import Product, product, product_ids, siblings
from api.web.widget import BOX, NAME, snippet, widget
from rag.types import Kind

router = APIRouter()

ASSETS = Path(__file__).parent / "assets"
SHARED = "nodes.js"
"""The part of the box that the lookup page uses too."""
SHOWN = 60
"""Products on the demo's first page."""

_TYPES = {".css": "text/css", ".js": "text/javascript"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""The pages are what their own server sends, and the box needs no more than that."""
_PAGE_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_SCRIPT_HEADERS = {
    # The path names the content. Other origins may read it, for they check it against its hash.
    "Cache-Control": "public, max-age=31536000, immutable",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Encoding",
}


class WidgetBody(BaseModel):
    """How to put the box on a page."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "version": "0.1.0-8ed4651b",
                    "path": "/widget/0.1.0-8ed4651b/shelf-talk.js",
                    "integrity": "sha384-…",
                    "snippet": "<script src=…></script>\n<shelf-talk …></shelf-talk>\n",
                }
            ]
        },
    )

    version: str
    path: str = Field(description="Where the script is; another content has another path.")
    integrity: str = Field(description="Its hash, as the `integrity` attribute takes it.")
    snippet: str = Field(description="HTML for a product page.")


@router.get("/widget/", response_model=WidgetBody, responses=problems())
async def describe_widget(request: Request) -> Response:
    """Tell where the box's script is, and its hash."""
    box = widget()
    base = str(request.base_url).rstrip("/")
    body = WidgetBody(
        version=box.version, path=box.path, integrity=box.integrity, snippet=snippet(base)
    )
    return JSONResponse(body.model_dump())


@router.get(f"/widget/{{version}}/{NAME}", include_in_schema=False)
async def script(version: str, request: Request) -> Response:
    """The box's script."""
    box = widget()
    if version != box.version:
        raise HTTPException(404)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers = {**_SCRIPT_HEADERS, "Content-Encoding": "gzip"}
        return Response(box.packed, media_type=_TYPES[".js"], headers=headers)
    return Response(box.script, media_type=_TYPES[".js"], headers=_SCRIPT_HEADERS)


@router.get("/web/{name}", include_in_schema=False)
async def asset(name: str) -> Response:
    """A style sheet or script of the pages."""
    path = (BOX if name == SHARED else ASSETS) / Path(name).name
    if path.suffix not in _TYPES or not path.is_file():
        raise HTTPException(404)
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(path.read_bytes(), media_type=_TYPES[path.suffix], headers=headers)


@router.get("/lookup", include_in_schema=False)
async def lookup(request: Request) -> Response:
    """The page for staff. It holds no data: what it shows, it asks the API for."""
    return _page("lookup.html", request, kinds=[kind.value for kind in Kind])


@router.get("/demo", include_in_schema=False)
def demo(request: Request, caller: ByWidget) -> Response:
    """Some products of the index."""
    store, shop = caller.shop.engine.retriever.index.passages, caller.shop.scope
    ids = product_ids(store.catalogue(shop))
    shown = [product(store, id, shop) for id in ids[:SHOWN]]
    return _page("demo.html", request, products=shown, more=len(ids) - len(shown))


@router.get("/demo/{product_id:path}", include_in_schema=False)
def demo_product(product_id: str, request: Request, caller: ByWidget) -> Response:
    """A product's page, with the box on it."""
    store, shop = caller.shop.engine.retriever.index.passages, caller.shop.scope
    shown = product(store, product_id, shop)
    others = [product(store, id, shop) for id in siblings(store.catalogue(shop), product_id)]
    return _page("demo.html", request, shown, siblings=others)


def _page(
    name: str, request: Request, product: Product | None = None, **values: object
) -> HTMLResponse:
    """A page from its template, under the policy."""
    html = (
        _templates()
        .get_template(name)
        .render(
            root=request.scope.get("root_path", ""),
            widget=widget(),
            product=product,
            **values,
        )
    )
    return HTMLResponse(html, headers=_PAGE_HEADERS)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
