"""What all requests share: the engine, loaded once and in the background, and the gate to it."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request

from api.limits import Gate
from api.problems import UnavailableError
from rag.engine import Engine
from rag.errors import ShelftalkError

_log = logging.getLogger(__name__)


class Loader:
    """Opens the engine in a thread of its own: the service answers from the first moment."""

    def __init__(self, open_engine: Callable[[], Engine]) -> None:
        self._open = open_engine
        self._engine: Engine | None = None
        self._failure: Exception | None = None

    def start(self) -> None:
        """Begin to load; call it once."""
        # A daemon: a shutdown need not wait until a large model is read.
        threading.Thread(target=self._load, name="engine-loader", daemon=True).start()

    def _load(self) -> None:
        try:
            self._engine = self._open()
        except Exception as error:  # whatever it is, /readyz must say that it happened
            known = isinstance(error, ShelftalkError)
            _log.error("The engine was not loaded: %s", error, exc_info=None if known else error)
            self._failure = error

    @property
    def engine(self) -> Engine:
        """The engine.

        Raises:
            UnavailableError: it is not loaded yet, or could not be.
        """
        if self._engine is not None:
            return self._engine
        if self._failure is not None:
            name = type(self._failure).__name__
            raise UnavailableError(
                "not-loaded", f"The engine was not loaded ({name}); the server's log says why."
            )
        raise UnavailableError("loading", "The engine is still loading. Ask again in a moment.", 5)


@dataclass(frozen=True, slots=True)
class Service:
    """One running service."""

    loader: Loader
    heartbeat: float
    """Seconds of silence in a stream before a comment keeps it alive."""
    gate: Gate = field(default_factory=Gate)


def service_of(request: Request) -> Service:
    """The service the lifespan started."""
    service: Service = request.state.service
    return service
