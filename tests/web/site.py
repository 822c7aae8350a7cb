"""A shop's site that shows the box, and a service that answers it as a test's script says."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from api.problems import MEDIA_TYPE
from api.web.widget import widget
from rag.body import answer_body, citation_body, passage_body, statement_body
from tests.api.scripted import ANSWER, CITATION, STATEMENT, passage

Event = tuple[str, Any]
Body = dict[str, Any]

PASSAGES: Event = ("passages", {"passages": [passage_body(passage(1))], "generation": "g1"})
DONE: Event = ("done", {"generation": "g1"})
ANSWERED: Body = answer_body(ANSWER) | {"choices": [], "conflicts": []}
SILENT: Body = ANSWERED | {
    "status": "abstained",
    "answer": "The documents don't say. I looked at: Kettle.",
    "statements": [],
    "citations": [],
}
CHOICES: Body = SILENT | {
    "answer": "Which one do you mean: Kettle or Kettle 2?",
    "choices": [
        {"product_id": "KETTLE", "name": "Kettle"},
        {"product_id": "KETTLE-2", "name": "Kettle 2"},
    ],
}
STRICT = (
    "default-src 'none'; script-src {script}; style-src 'none'; connect-src {service}; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


def streamed(*events: Event) -> list[Event]:
    """A whole stream around these events."""
    return [PASSAGES, *events, DONE]


FULL = streamed(
    ("citation", citation_body(CITATION)),
    ("statement", statement_body(STATEMENT)),
    ("answer", ANSWERED),
)


@dataclass
class Script:
    """What the service does, and what it was asked. Threads share it; a test changes it."""

    events: list[Event] = field(default_factory=lambda: list(FULL))
    suggestions: list[Any] = field(
        default_factory=lambda: ["How heavy is it?", "How long is the cord?"]
    )
    status: int = 200
    problem: Body = field(default_factory=dict)
    cut: bool = False
    """The connection breaks after the events."""
    token: str | None = None
    asked: list[Body] = field(default_factory=list)
    feedback: list[Body] = field(default_factory=list)
    credentials: list[str | None] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    """Set when a client left before the end."""
    go: dict[int, threading.Event] = field(default_factory=dict)
    """What the stream waits for before its event of that place."""


@dataclass
class Stage:
    """What the servers of the tests serve just now."""

    script: Script = field(default_factory=Script)
    page: Callable[[], Response] = lambda: Response(status_code=404)


def service(stage: Stage) -> Starlette:
    """The routes the box uses."""

    async def ask(request: Request) -> Response:
        script = stage.script
        script.asked.append(await request.json())
        script.credentials.append(request.headers.get("authorization"))
        if script.token and script.credentials[-1] != f"Bearer {script.token}":
            return _problem(401, {})
        if script.status != 200:
            return _problem(script.status, script.problem)
        return StreamingResponse(_stream(script), media_type="text/event-stream")

    async def suggestions(request: Request) -> Response:
        return JSONResponse({"questions": stage.script.suggestions})

    async def feedback(request: Request) -> Response:
        stage.script.feedback.append(await request.json())
        return Response(status_code=204)

    async def token(request: Request) -> Response:
        if stage.script.token is None:
            return Response(status_code=204)
        return JSONResponse({"token": stage.script.token, "expires_in": 600})

    async def box(request: Request) -> Response:
        headers = {"Access-Control-Allow-Origin": "*"}
        return Response(widget().script, media_type="text/javascript", headers=headers)

    return Starlette(
        routes=[
            Route("/v1/ask", ask, methods=["POST"]),
            Route("/v1/suggestions", suggestions),
            Route("/v1/feedback", feedback, methods=["POST"]),
            Route("/v1/widget/token", token, methods=["POST"]),
            Route(widget().path, box),
        ],
        middleware=[
            Middleware(
                CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"]
            )
        ],
    )


async def _stream(script: Script) -> AsyncIterator[bytes]:
    try:
        for place, (name, data) in enumerate(script.events):
            if place in script.go:
                yield b": still here\n\n"
            await _turn(script, place)
            yield f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
    except asyncio.CancelledError:
        script.left.set()
        raise
    if script.cut:
        await _turn(script, len(script.events))
        raise ConnectionError("the script says so")


async def _turn(script: Script, place: int) -> None:
    while place in script.go and not script.go[place].is_set():
        await asyncio.sleep(0.02)


def _problem(status: int, members: Body) -> Response:
    body = {"type": "about:blank", "title": "t", "status": status, "detail": "d", **members}
    return JSONResponse(body, status, media_type=MEDIA_TYPE)


def shop_page(
    origin: str,
    box: str = "<shelf-talk product-id=KETTLE></shelf-talk>",
    *,
    language: str = "en",
    direction: str = "ltr",
    policy: bool = True,
    integrity: str | None = None,
    head: str = "",
) -> Response:
    """A product page of the shop, under the strictest policy the box works with."""
    script = widget()
    html = f"""<!doctype html><html lang="{language}" dir="{direction}"><head><title>Kettle</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">{head}
<script src="{origin}{script.path}" integrity="{integrity or script.integrity}"
 crossorigin defer></script>
</head><body><main><h1>Kettle</h1>{box}</main></body></html>"""
    allowed = STRICT.format(script=f"{origin}{script.path}", service=origin)
    return HTMLResponse(html, headers={"Content-Security-Policy": allowed} if policy else {})


def site(stage: Stage) -> Starlette:
    """A site with the same page at every path."""

    async def page(request: Request) -> Response:
        return stage.page()

    return Starlette(routes=[Route("/{path:path}", page)])


@contextmanager
def running(app: ASGIApp) -> Iterator[str]:
    """Serve the app on a free port of this machine; gives its origin."""
    config = uvicorn.Config(app, port=0, log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="site")
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def attribute(text: str) -> str:
    """As an attribute's value between double quotes."""
    return escape(text, quote=True)
