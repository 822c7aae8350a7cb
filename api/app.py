"""The HTTP service: the shops' engines behind a few routes. `shelftalk serve` runs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TypedDict

from fastapi import FastAPI
from fastapi.middleware import Middleware
from fastapi.middleware.cors import CORSMiddleware

from api import problems, terminal
from api.access import Access
from api.keys import KeyFile
from api.limits import BodyRules, Gate, Shedding
from api.metrics import ServerMetrics
from api.observing import Observing
from api.rates import Rates
from api.routes import ask, documents, feedback, health, index, metrics, openai, search, widget
from api.service import Service
from api.shops import Opener, Shops
from api.store import Store
from api.web import pages
from rag.config import Settings
from rag.engine import Engine

ROUTERS = (ask, search, feedback, index, documents, widget, health, metrics, openai, pages)


class State(TypedDict):
    """What the lifespan hands to requests."""

    service: Service


def open_with_progress(settings: Settings) -> Engine:
    """Open the engine; what takes long is said on stderr."""
    return Engine.open(settings, terminal.say)


def create_app(
    settings: Settings,
    open_engine: Opener = open_with_progress,
    heartbeat: float = 10.0,
    watch: float = 1.0,
    host: str = "127.0.0.1",
) -> FastAPI:
    """Make the service. Its engines are loaded once, when the service starts.

    Args:
        settings: the effective settings.
        open_engine: how to open the first engine; called in a thread of its own.
        heartbeat: seconds of silence in a stream before a comment keeps it alive.
        watch: seconds between two looks for a new generation.
        host: the address it will listen on.
    """
    serving = settings.serving
    shops = Shops(settings, open_engine, every=watch)
    store = Store(serving.database, serving.question_days, serving.feedback_days)
    gate = Gate()
    counted = ServerMetrics(gate)
    rates = Rates(serving.credential_per_minute, serving.address_per_minute)
    keys = KeyFile(serving.keys)
    access = Access(shops, keys, 60 * serving.token_minutes, host)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[State]:
        if keys.read() is None:
            terminal.say(
                f"No keys in {serving.keys}: whoever reaches this service may use it as "
                f"{access.anonymous.text}. `shelftalk keys new` makes the first."
            )
        shops.start()
        service = Service(shops, access, store, rates, counted, gate, heartbeat)
        sweeping = asyncio.create_task(service.sweep())
        yield {"service": service}
        sweeping.cancel()
        shops.stop()
        store.close()

    app = FastAPI(
        title="Shelftalk",
        version=version("shelftalk"),
        description="Answers shoppers' questions from a shop's own documents.",
        lifespan=lifespan,
        middleware=[
            Middleware(Observing, metrics=counted),
            Middleware(
                CORSMiddleware,  # what no shop lists gets no permission
                allow_origins=sorted({origin for shop in shops for origin in shop.origins}),
                allow_methods=["GET", "POST"],
                allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
                expose_headers=["X-Request-ID", "Retry-After"],
                max_age=600,
            ),
            Middleware(Shedding, gate=gate),
            Middleware(BodyRules),
        ],
        # The interactive pages would load scripts from other hosts; /openapi.json needs nobody.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    problems.install(app)
    for module in ROUTERS:
        app.include_router(module.router)
    return app
