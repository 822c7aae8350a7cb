"""The service around a stand-in engine, started and ready."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
import uvicorn
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from api.app import create_app
from rag.config import Serving, Settings
from rag.engine import Engine
from rag.extractive import ExtractiveChat
from rag.index import Index
from rag.retrieval import Retriever
from tests.api.scripted import ScriptedEngine
from tests.doubles import HashingEmbedder

Serve = Callable[..., TestClient]
Served = Callable[..., str]


def opener(engine: ScriptedEngine | Engine) -> Callable[[Settings], Engine]:
    return lambda settings: cast(Engine, engine)


def here(app: ASGIApp, **options: Any) -> TestClient:
    """A client on this machine; without keys a service is asked by no other name."""
    return TestClient(app, base_url="http://127.0.0.1", **options)


def until_ready(client: TestClient) -> None:
    deadline = time.monotonic() + 20
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline, client.get("/readyz").text
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder to be in: by default a service keeps in it what was said."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def settings(tmp_path: Path, small_index: Path) -> Settings:
    """Keys, if any, and what shoppers said lie in a folder of the test.

    The index is named, or the service would follow one that lies where the tests are run.
    """
    serving = Serving(keys=tmp_path / "keys.json", database=f"sqlite:///{tmp_path / 'said.sqlite'}")
    return Settings(index=small_index, serving=serving)


@pytest.fixture
def serve(settings: Settings) -> Iterator[Serve]:
    """Start the service with this engine; keywords go to `create_app`."""
    with ExitStack() as stack:

        def start(engine: ScriptedEngine | Engine, **options: Any) -> TestClient:
            app = create_app(settings, opener(engine), **options)
            client = stack.enter_context(here(app, raise_server_exceptions=False))
            until_ready(client)
            return client

        yield start


@pytest.fixture
def small_engine(small_index: Path, hashing_embedder: HashingEmbedder) -> Engine:
    """A real engine on the small shop, without models."""
    retriever = Retriever(Index.open(small_index), hashing_embedder)
    return Engine(retriever, ExtractiveChat(), Settings(index=small_index, generator="extractive"))


@pytest.fixture
def small_shop(serve: Serve, small_engine: Engine) -> TestClient:
    return serve(small_engine)


@pytest.fixture
def client(serve: Serve, engine: ScriptedEngine) -> TestClient:
    return serve(engine)


@pytest.fixture
def listening(settings: Settings) -> Iterator[Served]:
    """Start the service on a port of this machine; gives its address."""
    with ExitStack() as stack:

        def start(engine: ScriptedEngine | Engine, **options: Any) -> str:
            app = create_app(settings, opener(engine), **options)
            address = stack.enter_context(served(app))
            while httpx2.get(f"{address}/readyz").status_code != 200:
                time.sleep(0.01)
            return address

        yield start


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """A real server in a thread, drained at the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)
    listener.close()
    assert not thread.is_alive()
