"""What shoppers said: feedback, and questions the documents did not answer. One shop sees its own.

SQLite by default; any database SQLAlchemy knows by URL.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from rag.errors import StoreError

_metadata = MetaData()
_feedback = Table(
    "feedback",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("shop", String(64), nullable=False, index=True),
    Column("helpful", Boolean, nullable=False),
    Column("reason", String(32)),
    Column("text", Text),
    Column("question", Text),
    Column("answer", Text),
    Column("answer_id", String(64)),
    Column("product_id", String(256)),
    Column("generation", String(64)),
)
_unanswered = Table(
    "unanswered",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("shop", String(64), nullable=False, index=True),
    Column("question", Text, nullable=False),
    Column("product_id", String(256)),
)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What someone thinks of an answer."""

    helpful: bool
    reason: str | None = None
    text: str | None = None
    question: str | None = None
    answer: str | None = None
    answer_id: str | None = None
    product_id: str | None = None
    generation: str | None = None


class Store:
    """Keeps it, for so many days and no longer. For threads to share."""

    def __init__(self, url: str, question_days: int, feedback_days: int) -> None:
        self._url = url
        self._kept = {_unanswered: question_days, _feedback: feedback_days}
        self._engine: Engine | None = None
        self._opening = threading.Lock()

    def add_feedback(self, shop: str, feedback: Feedback) -> None:
        """Keep what someone thinks of an answer."""
        self._add(_feedback, {"shop": shop, **asdict(feedback)})

    def add_unanswered(self, shop: str, question: str, product_id: str | None) -> None:
        """Keep a question the documents did not answer, unless none are to be kept."""
        if self._kept[_unanswered]:
            row = {"shop": shop, "question": question, "product_id": product_id}
            self._add(_unanswered, row)

    def feedback(self, shop: str, limit: int) -> list[dict[str, Any]]:
        """The latest, newest first."""
        columns = [column for column in _feedback.columns if column.name not in ("id", "shop")]
        query = (
            select(*columns)
            .where(_feedback.c.shop == shop, _feedback.c.at >= self._oldest(_feedback))
            .order_by(_feedback.c.id.desc())
            .limit(limit)
        )
        with self._connected() as db:
            return [_row(row._mapping) for row in db.execute(query)]

    def unanswered(self, shop: str, limit: int) -> list[dict[str, Any]]:
        """The latest, newest first, with how often each was asked."""
        table = _unanswered.c
        latest = func.max(table.at)
        query = (
            select(
                table.question, table.product_id, latest.label("at"), func.count().label("times")
            )
            .where(table.shop == shop, table.at >= self._oldest(_unanswered))
            .group_by(table.question, table.product_id)
            .order_by(latest.desc())
            .limit(limit)
        )
        with self._connected() as db:
            return [_row(row._mapping) for row in db.execute(query)]

    def sweep(self) -> None:
        """Delete what was kept for as long as it may be."""
        with self._connected() as db:
            for table in self._kept:
                db.execute(delete(table).where(table.c.at < self._oldest(table)))

    def close(self) -> None:
        """Release the connections."""
        if self._engine is not None:
            self._engine.dispose()

    def _add(self, table: Table, row: dict[str, Any]) -> None:
        with self._connected() as db:
            db.execute(insert(table).values(at=datetime.now(UTC), **row))

    def _oldest(self, table: Table) -> datetime:
        return datetime.now(UTC) - timedelta(days=self._kept[table])

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """A transaction.

        Raises:
            StoreError: the database cannot be used.
        """
        try:
            with self._opening:
                if self._engine is None:
                    engine = create_engine(self._url)
                    _metadata.create_all(engine)
                    self._engine = engine
            with self._engine.begin() as db:
                yield db
        except (SQLAlchemyError, ImportError) as error:  # a driver may be missing
            # The database's own words would repeat what was to be kept.
            raise StoreError(
                f"The database of `serving.database` cannot be used ({type(error).__name__})."
            ) from error


def _row(values: Any) -> dict[str, Any]:  # noqa: ANN401  (a row of any table)
    at = values["at"]
    # SQLite gives back the time without its zone, which is UTC.
    whole = at if at.tzinfo else at.replace(tzinfo=UTC)
    return {**values, "at": whole.isoformat(timespec="seconds")}
