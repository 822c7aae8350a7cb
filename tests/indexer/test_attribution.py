import os
from datetime import date
from pathlib import Path

import pytest

from rag.types import Kind
from tests.indexer.reading import read, refusal


@pytest.mark.parametrize(
    ("name", "products"),
    [
        ("products/KT12/faq.md", ("KT12",)),
        ("shop/products/KT12/deep/er/faq.md", ("KT12",)),
        ("products/overview.md", ()),
        ("policies/returns.md", ()),
        ("my-products/KT12/faq.md", ()),
    ],
)
def test_the_folder_says_whose_it_is(tmp_path: Path, name: str, products: tuple[str, ...]) -> None:
    assert read(tmp_path, name, "Text").product_ids == products


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("policies/shipping.md", Kind.POLICY),
        ("terms-and-conditions.md", Kind.POLICY),
        ("faq/delivery.md", Kind.FAQ),
        ("products/KT12/faq.md", Kind.FAQ),
        ("products/KT12/manual.md", Kind.MANUAL),
        ("products/KT12/user-guide.html", Kind.MANUAL),
        ("products/KT12/notes.md", Kind.PAGE),
        ("products/KT12/booklet.PDF", Kind.MANUAL),
        ("specs/kettles.md", Kind.SPEC),
        ("help/contact.html", Kind.PAGE),
        ("reviews/kt12.txt", Kind.REVIEW),
        ("policies/faq.md", Kind.FAQ),
        ("Policies/Returns.md", Kind.POLICY),
        ("about.md", Kind.PAGE),
    ],
)
def test_the_path_says_what_it_is(tmp_path: Path, name: str, kind: Kind) -> None:
    if name.endswith(".PDF"):
        from tests.samples import write_pdf

        write_pdf(tmp_path / "x.pdf", [[("Some text.", 10)]], "T")
        assert read(tmp_path, name, (tmp_path / "x.pdf").read_bytes()).kind is kind
    else:
        assert read(tmp_path, name, "Text").kind is kind


def test_the_document_wins_over_its_sidecar_and_that_over_the_path(tmp_path: Path) -> None:
    folder = tmp_path / "products" / "KT12"
    folder.mkdir(parents=True)
    (folder / "faq.md.yaml").write_text(
        "kind: policy\nlocale: de\nproduct_id: KT17\ntitle: Side\neffective_until: 2024-06-30\n"
    )
    document = read(tmp_path, "products/KT12/faq.md", "---\nkind: manual\n---\nText")
    assert document.kind is Kind.MANUAL
    assert document.product_ids == ("KT17",)
    assert (document.locale, document.title) == ("de", "Side")
    assert document.effective_until == date(2024, 6, 30)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [", "not YAML in line 1"),
        (b"- a", "not a list of `key: value` lines"),
        (b"\xff\xfe", "cannot be read"),
        (b"kind: novel", "has kind 'novel'"),
    ],
)
def test_a_sidecar_that_cannot_be_used_says_why(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "a.txt.yaml").write_bytes(content)
    assert message in str(refusal(tmp_path, "a.txt", "Text"))


def test_a_sidecar_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("title: SECRET")
    (tmp_path / "root").mkdir()
    os.symlink(tmp_path / "secret", tmp_path / "root" / "a.txt.yaml")
    error = refusal(tmp_path / "root", "a.txt", "Text")
    assert "is a link" in str(error)
    assert "SECRET" not in str(error)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2024-02-29", date(2024, 2, 29)),
        ("2024-02-29T23:30:00Z", date(2024, 2, 29)),
        ("2024-02-29 08:00", date(2024, 2, 29)),
        ("'2024-02-29'", date(2024, 2, 29)),
    ],
)
def test_dates(tmp_path: Path, written: str, day: date) -> None:
    document = read(tmp_path, "a.md", f"---\neffective_from: {written}\n---\nText")
    assert document.effective_from == day


@pytest.mark.parametrize("written", ["29.02.2024", "2024", "tomorrow", "2023-02-29"])
def test_other_dates_are_refused(tmp_path: Path, written: str) -> None:
    error = refusal(tmp_path, "a.md", f"---\neffective_until: {written}\n---\nText")
    assert "write a date like 2026-04-01" in str(error)


@pytest.mark.parametrize(
    ("written", "locale"), [("de", "de"), ("de_DE", "de"), ("zh-Hans-CN", "zh"), ("EN", "en")]
)
def test_the_language_of_a_locale(tmp_path: Path, written: str, locale: str) -> None:
    assert read(tmp_path, "a.md", f"---\nlang: {written}\n---\nText").locale == locale


def test_an_unknown_suffix_says_what_is_readable(tmp_path: Path) -> None:
    error = refusal(tmp_path, "a.xyz", "Text")
    assert "readable are .csv .htm .html .json .jsonl .markdown .md .pdf .tsv .txt" in str(error)


def test_nested_metadata_is_kept_as_it_is(tmp_path: Path) -> None:
    document = read(tmp_path, "a.md", "---\nsizes:\n  1: small\n  x: big\ntags: [a, b]\n---\nText")
    assert document.metadata == {"sizes": {"1": "small", "x": "big"}, "tags": ["a", "b"]}
