"""The file of a generation, and when it is let go."""

import sqlite3
from pathlib import Path

import pytest

from rag.database import Database
from rag.errors import IndexDamagedError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "a #?.sqlite"
    with sqlite3.connect(made) as connection:
        connection.execute("CREATE TABLE words (word TEXT)")
        connection.execute("INSERT INTO words VALUES ('kettle')")
    connection.close()
    return made


def test_rows_are_read_by_the_names_of_their_columns(path: Path) -> None:
    database = Database(path)
    assert [row["word"] for row in database.query("SELECT word FROM words")] == ["kettle"]
    with pytest.raises(IndexDamagedError, match="readonly"):
        database.query("INSERT INTO words VALUES ('lamp')")
    database.close()
    with pytest.raises(IndexDamagedError, match="closed"):
        database.query("SELECT word FROM words")


def test_a_file_that_nobody_holds_is_closed(path: Path) -> None:
    database = Database(path)
    with database.reading() as connection:
        pass
    del database
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT word FROM words")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IndexDamagedError, match="cannot be opened"):
        Database(tmp_path / "none.sqlite").query("SELECT 1")
