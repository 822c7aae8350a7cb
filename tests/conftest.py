"""For every test: no network, no hub, no settings from outside. And the small shop."""

import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"

from indexer.build import build
from rag.config import PREFIX, Settings
from rag.embedding import open_embedder
from tests.doubles import HashingEmbedder, Silent
from tests.samples import write_small_corpus

hypothesis_settings.register_profile("same", derandomize=True, deadline=None, max_examples=60)
hypothesis_settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


class NetworkBlockedError(RuntimeError):
    """A test tried to leave the machine."""


def _is_local(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    try:
        return name == "localhost" or ip_address(name.split("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Refuse every connection and every name look-up but those of this machine."""
    patch = pytest.MonkeyPatch()

    def guarded(owner: Any, name: str, host_of: Any) -> None:
        original = getattr(owner, name)

        def checked(*args: Any, **kwargs: Any) -> Any:
            host = host_of(*args)
            if not _is_local(host):
                raise NetworkBlockedError(f"tests must not reach the network: {host!r}")
            return original(*args, **kwargs)

        patch.setattr(owner, name, checked)

    def of_address(sock: socket.socket, *args: Any) -> object:
        inet = sock.family in (socket.AF_INET, socket.AF_INET6)
        return args[-1][0] if inet else "localhost"

    for method in ("connect", "connect_ex", "sendto"):
        guarded(socket.socket, method, of_address)
    for function in ("getaddrinfo", "gethostbyname"):
        guarded(socket, function, lambda host, *_: host)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def no_outside_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have settings of their own."""
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def hashing_embedder() -> HashingEmbedder:
    return HashingEmbedder()


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of each format. Shared: copy it before you change it."""
    return write_small_corpus(tmp_path_factory.mktemp("small") / "corpus")


@pytest.fixture(scope="session")
def small_index(
    small_corpus: Path,
    hashing_embedder: HashingEmbedder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The index folder of the small shop. Shared: copy it before you change it."""
    folder = tmp_path_factory.mktemp("small") / "index"
    report = build([small_corpus], Settings(index=folder), hashing_embedder, Silent())
    assert not report.problems, report.problems
    return folder


@pytest.fixture(scope="session")
def sample_index() -> Path:
    """The index of the sample shop with the real embedder, kept below build/ between runs."""
    root = Path(__file__).parent.parent
    folder = root / "build" / "sample-index"
    build([root / "corpus"], Settings(index=folder), open_embedder("minilm"), Silent())
    return folder
