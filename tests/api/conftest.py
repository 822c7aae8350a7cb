"""The service around a stand-in engine, started and ready."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from rag.config import Settings
from rag.engine import Engine
from tests.api.scripted import ScriptedEngine

Serve = Callable[..., TestClient]


def opener(engine: ScriptedEngine) -> Callable[[Settings], Engine]:
    return lambda settings: cast(Engine, engine)


def until_ready(client: TestClient) -> None:
    deadline = time.monotonic() + 20
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline, client.get("/readyz").text
        time.sleep(0.005)


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start the service with this engine; keywords go to `create_app`."""
    with ExitStack() as stack:

        def start(engine: ScriptedEngine, **options: Any) -> TestClient:
            app = create_app(Settings(), opener(engine), **options)
            client = stack.enter_context(TestClient(app, raise_server_exceptions=False))
            until_ready(client)
            return client

        yield start


@pytest.fixture
def client(serve: Serve, engine: ScriptedEngine) -> TestClient:
    return serve(engine)
