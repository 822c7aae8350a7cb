import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.keys import KeyFile

run = CliRunner()


def test_a_key_is_made_listed_and_revoked() -> None:
    made = run.invoke(app, ["keys", "new", "server", "--note", "back end"])
    assert made.exit_code == 0
    text = made.stdout.strip()
    keys = KeyFile(Path("keys.json")).read()
    assert keys is not None
    key = keys.find(text)
    assert key is not None and key.note == "back end"
    listed = run.invoke(app, ["keys", "list"]).stdout
    assert key.id in listed and "good" in listed
    assert text.split("_")[2] not in listed
    assert run.invoke(app, ["keys", "revoke", key.id]).exit_code == 0
    (row,) = json.loads(run.invoke(app, ["keys", "list", "--json"]).stdout)["keys"]
    assert row["revoked"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["new", "widget"], "choose server or admin"),
        (["new", "server", "--shop", "tea"], "--shop must be one of shop"),
        (["revoke", "nope"], "keys list"),
    ],
)
def test_what_cannot_be_is_said(arguments: list[str], words: str) -> None:
    done = run.invoke(app, ["keys", *arguments])
    assert done.exit_code == 2
    assert words in done.stderr


def test_several_shops_each_have_their_keys(folder: Path) -> None:
    (folder / "shelftalk.toml").write_text('[shops.tea]\nindex = "a"\n[shops.tents]\nindex = "b"\n')
    assert run.invoke(app, ["keys", "new", "admin"]).exit_code == 2
    assert run.invoke(app, ["keys", "new", "admin", "--shop", "tents"]).exit_code == 0
    (row,) = json.loads(run.invoke(app, ["keys", "list", "--json"]).stdout)["keys"]
    assert row["shop"] == "tents"
