"""The shops of a server, each with its engine; new generations are picked up by themselves."""

import gc
import logging
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic

from api.metrics import ShopMetrics
from api.problems import UnavailableError
from rag.config import Settings
from rag.engine import Engine
from rag.errors import IndexFolderError, ScopeError, ShelftalkError
from rag.manifest import Layout
from rag.types import Document

_log = logging.getLogger(__name__)

ONLY = "shop"
"""The id of the shop where there is but one."""

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 300.0
"""Seconds until what could not be used is tried again: at first, and at most."""

Opener = Callable[[Settings], Engine]


class Shop:
    """One shop: its documents, and the sites that may show its box."""

    def __init__(self, id: str, settings: Settings, origins: tuple[str, ...]) -> None:
        self.id = id
        self.scope = id if settings.shops else None
        """What a question's scope must name where there are several shops: one index may hold
        the documents of more than one."""
        self.settings = settings
        self.origins = origins
        self.metrics = ShopMetrics()
        self._engine: Engine | None = None
        self._failure: Exception | None = None
        self._tried: str | None = None
        """What was published at the last try, if anything was."""
        self._again = math.inf
        """When it is tried again, since that failed."""
        self._wait = _FIRST_WAIT
        self._turn = threading.Lock()

    @property
    def loaded(self) -> Engine | None:
        """The engine, if there is one yet."""
        return self._engine

    @property
    def engine(self) -> Engine:
        """The engine. Whoever holds it can go on with its generation while others are published.

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

    def document(self, engine: Engine, id: str) -> Document:
        """A document of this shop.

        Raises:
            ScopeError: there is none of this id.
        """
        document = engine.retriever.index.passages.document(id)
        if self.scope is not None and document.metadata.get("shop", self.scope) != self.scope:
            raise ScopeError(f"The index holds no document {id!r}.")
        return document

    def open(self, open_engine: Opener) -> None:
        """Load the engine; if that fails, it is logged, and told to who asks."""
        try:
            with self._trying():
                self._engine = open_engine(self.settings)
        except Exception as error:  # whatever it is, /readyz must say that it happened
            _log.error("The engine was not loaded: %s", error, exc_info=_unknown(error))
            self._failure = error

    def reload(self, open_engine: Opener) -> bool:
        """Go over to what is published now; whether that was something new.

        Raises:
            IndexFolderError: it cannot be used; the engine stays as it was.
        """
        with self._trying() as published:
            if self._engine is None:
                self._engine = open_engine(self.settings)
            elif published in (None, self._engine.generation):
                return False
            else:
                self._engine = self._engine.reopened()
        _log.info("Shop %s answers from generation %s.", self.id, self._engine.generation)
        return True

    def follow(self, open_engine: Opener) -> None:
        """Reload if something was published since the last try, or if a try that failed is due.

        What fails is logged, whatever it is, and the engine stays as it was.
        """
        try:
            published = self._published()
            due = published != self._tried or monotonic() >= self._again
            if published is not None and due:
                self.reload(open_engine)
        except Exception as error:  # out of memory, of threads: it may pass
            _log.error("Shop %s stays as it was: %s", self.id, error, exc_info=_unknown(error))

    @contextmanager
    def _trying(self) -> Iterator[str | None]:
        """One try at a time at what is published. After each that fails, the next comes later."""
        with self._turn:
            published = self._published()
            if published != self._tried:
                self._tried, self._wait = published, _FIRST_WAIT
            try:
                yield published
            except Exception:
                self._again = monotonic() + self._wait
                self._wait = min(2 * self._wait, _LONGEST_WAIT)
                raise
            self._again = math.inf

    def _published(self) -> str | None:
        try:
            return Layout(self.settings.index).published().name
        except IndexFolderError:
            return None


class Shops:
    """All shops. A thread of its own loads them and looks for new generations."""

    def __init__(self, settings: Settings, open_engine: Opener, every: float) -> None:
        """Know the shops without loading any.

        Args:
            settings: say which there are.
            open_engine: how the first engine is opened; the others share its models.
            every: seconds between two looks for new generations.
        """
        self._by_id: Mapping[str, Shop] = {
            id: Shop(
                id,
                settings.model_copy(update={"index": shop.index, "contact": shop.contact}),
                shop.origins,
            )
            for id, shop in settings.shops.items()
        } or {ONLY: Shop(ONLY, settings, settings.serving.origins)}
        self._open_first = open_engine
        self._every = every
        self._stopped = threading.Event()

    def __iter__(self) -> Iterator[Shop]:
        return iter(self._by_id.values())

    def get(self, id: str) -> Shop | None:
        """The shop of this id, if there is one."""
        return self._by_id.get(id)

    def only(self) -> Shop:
        """The one shop; the first, where there are more."""
        return next(iter(self))

    def load(self) -> None:
        """Load every shop that is not loaded, and return when that is done."""
        for shop in self:
            if shop.loaded is None:
                shop.open(self.open)

    def start(self) -> None:
        """Begin to load what is not loaded; call it once."""
        # A daemon: a shutdown need not wait until a large model is read.
        threading.Thread(target=self._keep, name="shops", daemon=True).start()

    def stop(self) -> None:
        """Look for new generations no longer."""
        self._stopped.set()

    def open(self, settings: Settings) -> Engine:
        """An engine on the index these settings name, with the models of one that is open."""
        for shop in self:
            if shop.loaded is not None:
                return shop.loaded.reopened(settings)
        return self._open_first(settings)

    def _keep(self) -> None:
        self.load()
        # What is loaded stays: looking through it for garbage again and again would hold all up.
        gc.collect()
        gc.freeze()
        while not self._stopped.wait(self._every):
            for shop in self:
                shop.follow(self.open)


def _unknown(error: Exception) -> Exception | None:
    """The error where its message alone does not tell what happened."""
    return None if isinstance(error, ShelftalkError) else error
