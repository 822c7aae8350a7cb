"""The script as it is served, without a browser."""

import base64
import gzip
import hashlib
import re
from pathlib import Path

import pytest

from api.web import widget as module
from api.web.widget import BOX, PARTS, snippet, widget
from tests.api.conftest import Serve
from tests.api.scripted import ScriptedEngine

LARGEST = 12_000
"""Bytes, gzipped."""


def test_it_is_small() -> None:
    assert len(widget().packed) <= LARGEST
    assert gzip.decompress(widget().packed) == widget().script


def test_the_path_stays_and_its_content_never_changes(serve: Serve) -> None:
    client = serve(ScriptedEngine())
    described = client.get("/widget/").json()
    answer = client.get(described["path"], headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["x-content-type-options"] == "nosniff"
    plain = client.get(described["path"], headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == answer.content
    digest = base64.b64encode(hashlib.sha384(answer.content).digest()).decode()
    assert described["integrity"] == f"sha384-{digest}"
    assert (
        described["integrity"] in described["snippet"] and described["path"] in described["snippet"]
    )


def test_another_version_is_not_there(serve: Serve) -> None:
    client = serve(ScriptedEngine())
    assert client.get("/widget/0.0.0-00000000/shelf-talk.js").status_code == 404


def test_only_the_script_is_open_to_every_origin(serve: Serve) -> None:
    client = serve(ScriptedEngine())
    for path in ("/widget/", "/lookup", "/web/lookup.js", "/web/demo.css", "/healthz"):
        answer = client.get(path, headers={"Origin": "https://elsewhere.example"})
        assert answer.status_code == 200, path
        assert "access-control-allow-origin" not in answer.headers, path


@pytest.mark.parametrize("name", ["demo.html", "..", "nothing.js", "pictures.svg"])
def test_only_scripts_and_styles_are_served_from_the_folder(serve: Serve, name: str) -> None:
    assert serve(ScriptedEngine()).get(f"/web/{name}").status_code == 404


def test_the_snippet_loads_it_checked_and_later() -> None:
    html = snippet("https://answers.example")
    assert f'src="https://answers.example{widget().path}"' in html
    assert all(word in html for word in ("integrity=", " crossorigin ", " defer>", "<shelf-talk "))


SOURCES = [BOX / name for name in PARTS] + sorted((BOX.parent / "assets").glob("*.js"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_script_makes_markup_or_code_of_text(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc"
    code = r"\beval\b|new Function|createContextualFragment|\bimport\(|\.style\s*="
    assert re.findall(f"{markup}|{code}", source) == []


def test_every_part_is_in_the_script() -> None:
    assert {path.name for path in BOX.iterdir()} == {*PARTS, "style.css"}
    assert 'customElements.define("shelf-talk"' in widget().script.decode()


def test_another_content_has_another_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for part in BOX.iterdir():
        (tmp_path / part.name).write_bytes(part.read_bytes())
    (tmp_path / "words.js").write_text("const STRINGS = {};\n", encoding="utf-8")
    monkeypatch.setattr(module, "BOX", tmp_path)
    other = widget.__wrapped__()
    assert other.path != widget().path and other.integrity != widget().integrity


def test_all_languages_say_the_same_things() -> None:
    source = (BOX / "words.js").read_text(encoding="utf-8")
    tongues = re.findall(r"^  (\w+): \{\n(.*?)^  \},", source, re.DOTALL | re.MULTILINE)
    assert [name for name, _ in tongues] == ["en", "de", "zh"]
    said = [
        {
            key: sorted(re.findall(r"\{\w+\}", line))
            for key, line in re.findall(r"^ +(\w+): (.*)", body, re.MULTILINE)
        }
        for _, body in tongues
    ]
    assert said[0] == said[1] == said[2]
