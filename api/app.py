"""The HTTP service: the engine behind a few routes. `shelftalk serve` runs it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TypedDict

from fastapi import FastAPI
from fastapi.middleware import Middleware

from api import problems, terminal
from api.limits import DeclaredBodyLimit
from api.routes import router
from api.service import Loader, Service
from rag.config import Settings
from rag.engine import Engine


class State(TypedDict):
    """What the lifespan hands to requests."""

    service: Service


def open_with_progress(settings: Settings) -> Engine:
    """Open the engine; what takes long is said on stderr."""
    return Engine.open(settings, terminal.say)


def create_app(
    settings: Settings,
    open_engine: Callable[[Settings], Engine] = open_with_progress,
    heartbeat: float = 10.0,
) -> FastAPI:
    """Make the service. Its engine is loaded once, when the service starts.

    Args:
        settings: the effective settings.
        open_engine: how to open the engine; called in a thread of its own.
        heartbeat: seconds of silence in a stream before a comment keeps it alive.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[State]:
        loader = Loader(lambda: open_engine(settings))
        loader.start()
        yield {"service": Service(loader, heartbeat)}

    app = FastAPI(
        title="Shelftalk",
        version=version("shelftalk"),
        description="Answers shoppers' questions from a shop's own documents.",
        lifespan=lifespan,
        middleware=[Middleware(DeclaredBodyLimit)],
        # The interactive pages would load scripts from other hosts; /openapi.json needs nobody.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    problems.install(app)
    app.include_router(router)
    return app
