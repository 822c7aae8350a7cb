"""The sample shop and its question set keep what the benchmarks rely on."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from indexer.discover import SourceFile, discover
from indexer.load import load
from rag.errors import DocumentError
from rag.types import Document, Kind

CORPUS = Path(__file__).parent.parent / "corpus"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    found: dict[str, Document] = {}
    for file in discover([CORPUS]):
        assert not isinstance(file, tuple), file
        for loaded in load(file):
            assert not isinstance(loaded, DocumentError), (file.name, loaded)
            document, _ = loaded
            assert document.id not in found
            found[document.id] = document
    return found


@pytest.fixture(scope="module")
def questions() -> list[Row]:
    lines = (CORPUS / "qa.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_products_and_categories(documents: dict[str, Document]) -> None:
    specs = [d for d in documents.values() if d.source.startswith("specs/")]
    assert len({product for d in specs for product in d.product_ids}) >= 40
    assert len({d.source for d in specs}) >= 6


def test_every_document_of_a_product_names_one_of_the_shop(
    documents: dict[str, Document],
) -> None:
    known = {p for d in documents.values() if d.kind is Kind.SPEC for p in d.product_ids}
    assert known >= {product for d in documents.values() for product in d.product_ids}


def test_manuals(documents: dict[str, Document]) -> None:
    manuals = [d for d in documents.values() if d.source.endswith(".pdf")]
    assert len(manuals) >= 8
    for manual in manuals:
        assert 2 <= len(manual.pages) <= 12, manual.id
        assert manual.product_ids, manual.id
        assert [page.number for page in manual.pages] == list(range(1, len(manual.pages) + 1))


def test_policies_with_superseded_versions(documents: dict[str, Document]) -> None:
    policies = [d for d in documents.values() if d.kind is Kind.POLICY]
    superseded = [d for d in policies if d.effective_until]
    assert len(policies) - len(superseded) >= 12
    assert len(superseded) >= 2
    for old in superseded:
        stem = Path(old.source).stem.rpartition("-v")[0]
        new = documents[f"policies/{stem}.md"]
        assert old.effective_until and new.effective_from
        assert old.effective_until < new.effective_from


def test_reviews_and_languages(documents: dict[str, Document]) -> None:
    assert Counter(d.kind for d in documents.values())[Kind.REVIEW] >= 300
    assert {d.locale for d in documents.values()} >= {"de", "zh"}


def test_nothing_about_the_corpus_is_indexed(documents: dict[str, Document]) -> None:
    sources = {document.source for document in documents.values()}
    assert not sources & {"README.md", "qa.jsonl", "make_manuals.py", "make_office.py"}
    assert not any(source.startswith("manual-sources") for source in sources)


def test_hidden_text_of_a_page_is_not_indexed(documents: dict[str, Document]) -> None:
    pages = [d for d in documents.values() if d.source.startswith("help/")]
    assert len(pages) >= 8
    assert not any("cookie" in page.text.casefold() for page in pages)


def test_the_questions_are_many_and_mixed(questions: list[Row]) -> None:
    assert len(questions) >= 400
    unanswerable = sum(not row["answerable"] for row in questions)
    assert unanswerable >= len(questions) / 4
    assert sum(row["lang"] in ("de", "zh") for row in questions) >= 20
    assert {row["lang"] for row in questions} == {"en", "de", "zh"}


def test_ids_and_questions_are_unique(questions: list[Row]) -> None:
    assert len({row["id"] for row in questions}) == len(questions)
    asked = {
        (row.get("product_id"), row["question"].casefold(), *row.get("history", ()))
        for row in questions
    }
    assert len(asked) == len(questions)


def test_the_splits_share_no_product(questions: list[Row]) -> None:
    products = {
        split: {
            row["product_id"]
            for row in questions
            if row["split"] == split and row.get("product_id")
        }
        for split in ("dev", "test")
    }
    assert {row["split"] for row in questions} == {"dev", "test"}
    assert products["dev"] and products["test"]
    assert not products["dev"] & products["test"]


def test_every_source_is_there_in_its_product_s_scope(
    questions: list[Row], documents: dict[str, Document]
) -> None:
    by_source: dict[str, list[Document]] = {}
    for document in documents.values():
        by_source.setdefault(document.source, []).append(document)
    for row in questions:
        assert row["answerable"] == bool(row["answers"]) == bool(row["sources"]), row["id"]
        for source in row["sources"]:
            name, _, page = source.partition("#page=")
            found = [documents[name]] if name in documents else by_source.get(name, [])
            assert found, (row["id"], source)
            assert not page or 1 <= int(page) <= len(found[0].pages), (row["id"], source)
            if product := row.get("product_id"):
                assert all(not d.product_ids or product in d.product_ids for d in found), row["id"]


def test_every_product_asked_about_is_known(
    questions: list[Row], documents: dict[str, Document]
) -> None:
    known = {product for d in documents.values() for product in d.product_ids}
    assert {row["product_id"] for row in questions if row.get("product_id")} <= known


def test_the_manuals_are_rebuilt_byte_for_byte(tmp_path: Path) -> None:
    copy = tmp_path / "corpus"
    shutil.copytree(CORPUS / "manual-sources", copy / "manual-sources")
    shutil.copy(CORPUS / "make_manuals.py", copy)
    subprocess.run([sys.executable, copy / "make_manuals.py"], check=True, capture_output=True)
    made = {path.relative_to(copy): path.read_bytes() for path in copy.rglob("*.pdf")}
    committed = {path.relative_to(CORPUS): path.read_bytes() for path in CORPUS.rglob("*.pdf")}
    assert made.keys() == committed.keys()
    assert [str(path) for path in made if made[path] != committed[path]] == []


def test_the_office_files_are_rebuilt_byte_for_byte(tmp_path: Path) -> None:
    copy = tmp_path / "corpus"
    shutil.copytree(CORPUS / "office-sources", copy / "office-sources")
    shutil.copy(CORPUS / "make_office.py", copy)
    subprocess.run([sys.executable, copy / "make_office.py"], check=True)
    for name in ("policies/business-orders.docx", "specs/audio.xlsx"):
        assert (copy / name).read_bytes() == (CORPUS / name).read_bytes(), name


def test_the_office_files_read_as_what_they_were_made_from(
    documents: dict[str, Document],
) -> None:
    def loaded(path: Path, name: str) -> list[Document]:
        found = list(load(SourceFile(path, name, name)))
        return [each[0] for each in found if not isinstance(each, DocumentError)]

    (policy,) = loaded(CORPUS / "office-sources/business-orders.md", "policies/business-orders.md")
    made = documents["policies/business-orders.docx"]
    assert (made.text, made.blocks, made.title) == (policy.text, policy.blocks, policy.title)
    assert (made.kind, made.effective_from, made.url) == (
        policy.kind,
        policy.effective_from,
        policy.url,
    )
    rows = loaded(CORPUS / "office-sources/audio.csv", "specs/audio.csv")
    assert len(rows) > 5
    for row in rows:
        same = documents[row.id.replace(".csv", ".xlsx")]
        assert (same.text, same.product_ids, same.variant_ids) == (
            row.text,
            row.product_ids,
            row.variant_ids,
        )
