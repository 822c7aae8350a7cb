"""Whatever happened to the documents, the next run gives what a run from nothing would."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from indexer.build import build
from indexer.report import Report
from rag.config import Settings
from rag.errors import InputError
from rag.index import Index
from tests.doubles import HashingEmbedder, Silent

NAMES = st.sampled_from(
    ["a.md", "b.md", "products/KT-1/care.md", "products/KT-2/care.txt", "policies/x.md", "KT-1.md"]
)
ROWS = st.sampled_from(["feed.jsonl", "other/feed.jsonl"])
WORDS = st.sampled_from(["Rinse it.", "Never boil milk.", "It holds 1.7 litres.", "Free returns."])
TITLES = st.sampled_from(["Brook Kettle", "Brook Kettle – Red", "Rill"])


class Shop(RuleBasedStateMachine):
    """A folder that people change, and the index that follows it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.corpus = self.folder / "corpus"
        self.corpus.mkdir()
        (self.corpus / "always.md").write_text("# Always\n\nHere.\n")

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def write(self, name: str, text: str) -> None:
        path = self.corpus / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    @rule(name=NAMES, heading=TITLES, text=WORDS)
    def save(self, name: str, heading: str, text: str) -> None:
        self.write(name, f"# {heading}\n\n{text} {text}\n\n## More\n\n{text}\n")

    @rule(name=ROWS, ids=st.lists(st.sampled_from("rst"), min_size=1, max_size=3), text=WORDS)
    def save_rows(self, name: str, ids: list[str], text: str) -> None:
        rows = "".join(f'{{"id": "{id}", "text": "{text} {id}"}}\n' for id in ids)
        self.write(name, rows)

    @rule(first=TITLES, second=TITLES)
    def name_the_products(self, first: str, second: str) -> None:
        self.write("specs.csv", f"id,name,price\nKT-1,{first},3\nKT-2,{second},4\n")

    @rule(name=NAMES, kind=st.sampled_from(["faq", "manual", "nonsense"]))
    def add_a_sidecar(self, name: str, kind: str) -> None:
        self.write(f"{name}.yaml", f"kind: {kind}\n")

    @rule(name=st.one_of(NAMES, ROWS, st.just("specs.csv")))
    def delete(self, name: str) -> None:
        (self.corpus / name).unlink(missing_ok=True)

    @rule(name=NAMES)
    def delete_the_sidecar(self, name: str) -> None:
        (self.corpus / f"{name}.yaml").unlink(missing_ok=True)

    @rule(old=NAMES, new=NAMES)
    def rename(self, old: str, new: str) -> None:
        if (self.corpus / old).exists():
            (self.corpus / new).parent.mkdir(parents=True, exist_ok=True)
            (self.corpus / old).replace(self.corpus / new)

    @rule()
    def spoil(self) -> None:
        self.write("broken.jsonl", '{"id": "t", "text": "Fine."}\n{oops\n')

    @invariant()
    def a_run_from_nothing_gives_the_same(self) -> None:
        fresh = self.folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        assert indexed(self.corpus, self.folder / "index") == indexed(self.corpus, fresh)


def indexed(corpus: Path, folder: Path) -> dict[str, Any]:
    """What a run makes of it."""
    try:
        report = build([corpus], Settings(index=folder), HashingEmbedder(), Silent())
    except InputError as error:
        return {"error": str(error)}
    index = Index.open(folder)
    chunks = list(index.passages.all_chunks())
    own = HashingEmbedder().encode_documents([chunk.embedding_text for chunk in chunks])
    np.testing.assert_allclose(index.vectors(), own, atol=1e-6)
    ids = index.passages.document_ids()
    found = {
        "chunks": chunks,
        "documents": [index.passages.document(id) for id in ids],
        "names": index.passages.catalogue().names,
        "digest": index.manifest.corpus_digest,
        "problems": report.problems,
        "guessed": report.guessed,
        "kinds": report.documents_by_kind,
    }
    index.close()
    return found


TestShop = Shop.TestCase
TestShop.settings = hypothesis_settings(max_examples=25, stateful_step_count=12, deadline=None)


def test_a_large_index_follows_its_documents_too(
    tmp_path: Path, monkeypatch: Any, hashing_embedder: HashingEmbedder
) -> None:
    monkeypatch.setattr("rag.dense.FLAT_MOST", 100)  # beyond it, a byte a number
    corpus, grown = tmp_path / "corpus", tmp_path / "grown"
    corpus.mkdir()

    def after(change: range, remove: range = range(0)) -> tuple[Index, Index, Report]:
        """The indexes of a run that goes on and of one from nothing."""
        for number in change:
            (corpus / f"{number}.md").write_text(f"# No {number}\n\nKettle {number} of {change}.\n")
        for number in remove:
            (corpus / f"{number}.md").unlink()
        fresh = tmp_path / f"fresh{change}{remove}"
        report = build([corpus], Settings(index=grown), hashing_embedder, Silent())
        build([corpus], Settings(index=fresh), hashing_embedder, Silent())
        one, other = Index.open(grown), Index.open(fresh)
        assert list(one.passages.all_chunks()) == list(other.passages.all_chunks())
        return one, other, report

    small, fresh, _ = after(range(90))
    np.testing.assert_array_equal(small.vectors(), fresh.vectors())
    grown_up, fresh, report = after(range(80, 150))
    assert report.reused == 80
    np.testing.assert_array_equal(grown_up.vectors(), fresh.vectors())
    changed, fresh, report = after(range(3))
    assert (report.embedded, report.reused) == (3, 147)
    np.testing.assert_array_equal(changed.vectors(), fresh.vectors())
    # Below the limit again, what was rounded stays so until its text changes.
    shrunk, fresh, report = after(range(0), range(60, 150))
    assert (report.embedded, report.reused) == (0, 60)
    difference = np.abs(shrunk.vectors() - fresh.vectors())
    assert 0 < difference.max() <= 1 / 255


def test_the_order_of_folders_and_the_size_of_batches_do_not_matter(
    small_corpus: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    def ids(name: str, roots: list[Path]) -> list[str]:
        build(roots, Settings(index=tmp_path / name), HashingEmbedder(), Silent())
        index = Index.open(tmp_path / name)
        found = [chunk.id for chunk in index.passages.all_chunks()]
        index.close()
        return found

    roots = sorted(path for path in small_corpus.iterdir() if path.is_dir())
    expected = ids("forwards", roots)
    assert ids("backwards", roots[::-1]) == expected
    monkeypatch.setattr("indexer.embed.WINDOW", 3)
    assert ids("small", roots) == expected
