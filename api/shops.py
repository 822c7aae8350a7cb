"""The shops of a server, each with its engine; new generations are picked up by themselves."""

import gc
import logging
import threading
from collections.abc import Callable, Iterator, Mapping

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
        with self._turn:
            self._tried = self._published()
            try:
                self._engine = open_engine(self.settings)
            except Exception as error:  # whatever it is, /readyz must say that it happened
                known = isinstance(error, ShelftalkError)
                _log.error(
                    "The engine was not loaded: %s", error, exc_info=None if known else error
                )
                self._failure = error

    def reload(self, open_engine: Opener) -> bool:
        """Go over to what is published now; whether that was something new.

        Raises:
            IndexFolderError: it cannot be used; the engine stays as it was.
        """
        with self._turn:
            self._tried = published = self._published()
            if self._engine is None:
                self._engine = open_engine(self.settings)
            elif published in (None, self._engine.generation):
                return False
            else:
                self._engine = self._engine.reopened()
        _log.info("Shop %s answers from generation %s.", self.id, self._engine.generation)
        return True

    def follow(self, open_engine: Opener) -> None:
        """Reload if something was published since the last try; what is damaged is tried once."""
        published = self._published()
        if published is None or published == self._tried:
            return
        try:
            self.reload(open_engine)
        except ShelftalkError as error:
            _log.error("Generation %s is not used: %s", published, error)

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
