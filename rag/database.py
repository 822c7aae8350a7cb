"""The SQLite file of a generation: read by many threads, one at a time, and never written."""

import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rag.errors import IndexDamagedError

Values = Sequence[object] | Mapping[str, object]


class Database:
    """An open file; closed when nobody holds it any more."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            IndexDamagedError: it cannot be opened.
        """
        self._lock = threading.Lock()
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        try:
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise IndexDamagedError(f"{path} cannot be opened: {error}") from error
        self._connection.row_factory = sqlite3.Row
        self._finalizer = weakref.finalize(self, self._connection.close)

    def close(self) -> None:
        """Release the file."""
        self._finalizer()

    def query(self, sql: str, values: Values = ()) -> list[sqlite3.Row]:
        """All rows of one statement.

        Raises:
            IndexDamagedError: it fails, for the file is not what was published.
        """
        with self.reading() as connection:
            return connection.execute(sql, values).fetchall()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for several statements at once. Raises as `query` does."""
        try:
            with self._lock:
                yield self._connection
        except sqlite3.Error as error:
            raise IndexDamagedError(f"The passages cannot be read: {error}") from error
