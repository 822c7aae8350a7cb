import os
from datetime import date
from pathlib import Path

import pytest

from indexer.discover import SourceFile
from indexer.load import load
from indexer.report import Guess
from rag.config import Rule
from rag.errors import DocumentError
from rag.types import Document, Kind
from tests.indexer.reading import read, read_all, refusal


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
        ("products-returns-policy.md", Kind.POLICY),
        ("review-policy.md", Kind.POLICY),
        ("our-products.md", Kind.PAGE),
        ("products-2026/KT12/faq-page.html", Kind.FAQ),
        ("products-2026/notes.md", Kind.PAGE),
        ("help-page.md", Kind.PAGE),
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


@pytest.mark.parametrize(
    ("name", "rows", "errors"),
    [
        (
            "a.csv",
            "id,price,effective_from\n1,5,\n2,5,soon\n,5,soon\n4,5,2026-01-01\n",
            ["2 has effective_from: 'soon'", "row-3 has effective_from: 'soon'"],
        ),
        (
            "a.jsonl",
            '{"text": "A"}\n{"text": "B", "kind": "novel"}\n{"text": "C"}\n',
            ["line-2 has kind 'novel'"],
        ),
    ],
)
def test_a_row_with_malformed_metadata_is_named_and_leaves_the_others(
    tmp_path: Path, name: str, rows: str, errors: list[str]
) -> None:
    first, *bad, last = read_all(tmp_path, name, rows)
    assert isinstance(first, Document) and isinstance(last, Document)
    assert [str(one).split(";")[0] for one in bad] == errors


def test_a_sidecar_that_cannot_be_used_is_one_line_whatever_the_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv.yaml").write_text("effective_from: soon")
    assert "has effective_from: 'soon'" in str(refusal(tmp_path, "a.csv", "id,x\n1,a\n2,b\n"))


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
    assert (
        "readable are .csv .docx .htm .html .json .jsonl .markdown .md .pdf .tsv .txt .xlsx,"
        in str(error)
    )


def test_nested_metadata_is_kept_as_it_is(tmp_path: Path) -> None:
    document = read(tmp_path, "a.md", "---\nsizes:\n  1: small\n  x: big\ntags: [a, b]\n---\nText")
    assert document.metadata == {"sizes": {"1": "small", "x": "big"}, "tags": ["a", "b"]}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.md", "---\nshop: {}\n---\nWeight: 1 kg"),
        ("a.csv", "sku,weight,shop\nKT12,1 kg, {} \n"),
        ("a.csv", "sku,text,shop\nKT12,Weight: 1 kg,{}\n"),
        ("a.csv", "sku,attribute,value,Shop\nKT12,weight,1 kg,{}\n"),
        ("a.jsonl", '{{"id": "KT12", "weight": "1 kg", "shop": {}}}'),
    ],
)
def test_a_shop_is_known_of_every_document_and_shown_in_none(
    tmp_path: Path, name: str, data: str
) -> None:
    """Settings name it in text, though YAML and JSON may read a number."""
    document = read(tmp_path, name, data.format("7"))
    assert document.metadata["shop"] == "7"
    assert document.text == "Weight: 1 kg"


@pytest.mark.parametrize("written", ["", " ", "\u200b"])
def test_an_empty_cell_is_nobody_s_word(tmp_path: Path, written: str) -> None:
    data = f"sku,weight,shop,kind\nKT12,1 kg,{written},\n"
    assert "shop" not in read(tmp_path, "a.csv", data).metadata
    (tmp_path / "b.csv.yaml").write_text("shop: north\nkind: manual")
    document = read(tmp_path, "b.csv", "sku,weight,shop,kind\nKT12,1 kg,,\n")
    assert (document.metadata["shop"], document.kind) == ("north", Kind.MANUAL)


def ruled(folder: Path, name: str, *rules: Rule, text: str = "Text") -> Document:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    (found,) = load(SourceFile(path, name, f"shop/{name}"), rules)
    assert not isinstance(found, DocumentError), found
    return found[0]


@pytest.mark.parametrize(
    ("path", "name", "products"),
    [
        ("downloads/{product_id}/*.md", "downloads/KT-1/manual.md", ("KT-1",)),
        ("downloads/{product_id}/*.md", "downloads/KT-1/deep/manual.md", ()),
        ("downloads/{product_id}/**", "downloads/KT-1/deep/manual.md", ("KT-1",)),
        ("**/{product_id}-manual.md", "a/b/KT-1-manual.md", ("KT-1",)),
        ("**/{product_id}-manual.md", "KT-1-manual.md", ("KT-1",)),
        ("{product_id}.?d", "KT-1.md", ("KT-1",)),
        ("shop/{product_id}.md", "KT-1.md", ("KT-1",)),
        ("a+b/{product_id}.md", "a+b/KT-1.md", ("KT-1",)),
        ("other/{product_id}.md", "KT-1.md", ()),
    ],
)
def test_a_rule_tells_what_a_path_says(
    tmp_path: Path, path: str, name: str, products: tuple[str, ...]
) -> None:
    assert ruled(tmp_path, name, Rule(path=path)).product_ids == products


def test_the_first_rule_that_fits_counts(tmp_path: Path) -> None:
    rules = (
        Rule(path="x/*", version="1"),
        Rule(path="terms-{locale}.md", kind=Kind.POLICY, effective_from=date(2026, 1, 1)),
        Rule(path="*.md", version="3", title="Other"),
    )
    document = ruled(tmp_path, "terms-de.md", *rules)
    assert (document.kind, document.locale, document.version) == (Kind.POLICY, "de", None)
    assert document.effective_from == date(2026, 1, 1)


def test_documents_and_sidecars_win_over_rules(tmp_path: Path) -> None:
    rule = Rule(path="*.md", kind=Kind.POLICY, locale="de", version="rule", product_id="P")
    (tmp_path / "a.md.yaml").write_text("locale: zh\nversion: side\n")
    document = ruled(tmp_path, "a.md", rule, text="---\nversion: own\n---\nText")
    assert (document.version, document.locale, document.kind) == ("own", "zh", Kind.POLICY)
    assert document.product_ids == ("P",)


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("policies/a.md", ("policy", "folder name")),
        ("a-manual.md", ("manual", "file name")),
        ("a.csv", ("spec", "file type")),
        ("a.md", ("page", "file type")),
    ],
)
def test_what_was_guessed_is_said(tmp_path: Path, name: str, guess: tuple[str, str]) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("id,name,price\n1,A,3\n")
    (found,) = load(SourceFile(path, name, name))
    assert not isinstance(found, DocumentError)
    assert found[1] == [Guess(name, "kind", *guess)]


def test_nothing_that_was_said_is_a_guess(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\nkind: faq\n---\nText")
    (found,) = load(SourceFile(tmp_path / "a.md", "a.md", "a.md"))
    assert not isinstance(found, DocumentError)
    assert found[1] == []


def test_a_time_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    text = "---\neffective_from: 2026-02-01\neffective_until: 2026-01-01\n---\nText"
    assert "until 2026-01-01 but only from 2026-02-01" in str(refusal(tmp_path, "a.md", text))
