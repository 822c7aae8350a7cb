"""QA sets of every format, and what is said of those that cannot be used."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import QaSetError
from rag.evaluation.questions import Source
from rag.evaluation.read import read
from rag.evaluation.rows import item_of

FULL = {
    "id": "a",
    "question": "How heavy is it?",
    "product_id": "KT12",
    "answers": ["0.98 kg"],
    "sources": ["specs/kettles.csv", "manual.pdf#page=2", {"quote": "Weight: 0.98 kg"}],
    "history": ["Is it red?"],
    "kind": "spec",
    "lang": "en",
    "split": "dev",
}


SQUAD_KEYS = ["context", "qas", "id", "question", "answers", "text", "is_impossible"]


def written(folder: Path, *rows: object, name: str = "qa.jsonl") -> Path:
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder / name


def test_json_lines(tmp_path: Path) -> None:
    qa = read(written(tmp_path, FULL, "", {"question": "Is it?", "split": "test"}))
    full, bare = qa.items
    assert (full.id, full.text, full.place) == ("a", "How heavy is it?", "line 1")
    assert full.question.scope.product_id == "KT12"
    assert full.question.history == ("Is it red?",)
    assert full.sources == (
        Source("specs/kettles.csv"),
        Source("manual.pdf", 2),
        Source(quote="Weight: 0.98 kg"),
    )
    assert full.answerable is True
    assert (bare.id, bare.place, bare.answerable) == ("2", "line 3", None)
    assert [item.id for item in read(written(tmp_path, FULL), "dev").items] == ["a"]


@pytest.mark.parametrize(
    ("row", "answerable"),
    [
        ({"answers": ["x"]}, True),
        ({"sources": ["x"]}, True),
        ({"answerable": True}, True),
        ({"answerable": False, "answers": []}, False),
        ({"answers": []}, False),
        ({}, None),
    ],
)
def test_whether_a_question_is_answerable(row: dict[str, Any], answerable: bool | None) -> None:
    assert item_of({"question": "?", **row}, "line 1", 1).answerable is answerable


def test_names_of_other_collections(tmp_path: Path) -> None:
    row = {"qid": "q1", "question": "Why?", "gold_doc_ids": ["d#0"], "meta": {"any": 1}}
    (item,) = read(written(tmp_path, row)).items
    assert (item.id, item.sources) == ("q1", (Source("d#0"),))


def test_csv(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "question,product_id,answers,sources,answerable,quotes",
        '"How heavy, and how big?",KT12,0.98 kg | 980 g,a.md#page=3|b.md,,',
        "Does it sing?,,,,no,",
        "Is it red?,,yes,,yes,The kettle is red.",
        name="qa.csv",
    )
    first, second, third = read(path).items
    assert first.text == "How heavy, and how big?"
    assert first.answers == ("0.98 kg", "980 g")
    assert first.sources == (Source("a.md", 3), Source("b.md"))
    assert (first.answerable, second.answerable, second.product_id) == (True, False, None)
    assert third.sources == (Source(quote="The kettle is red."),)


def test_csv_with_a_column_that_has_no_name(tmp_path: Path) -> None:
    path = written(tmp_path, "question,answers,", "How heavy?,0.98 kg,", name="qa.csv")
    assert read(path).items[0].answers == ("0.98 kg",)
    with pytest.raises(QaSetError, match="line 2: more cells than the 3 columns"):
        read(written(tmp_path, "question,answers,", "How heavy?,1 kg,,x", name="qa.csv"))


def squad(*questions: dict[str, Any]) -> str:
    paragraph = {"context": "The kettle weighs 0.98 kg.", "qas": list(questions)}
    return json.dumps({"version": "2.0", "data": [{"title": "k", "paragraphs": [paragraph]}]})


def test_squad(tmp_path: Path) -> None:
    told = {"text": "0.98 kg", "answer_start": 18}
    path = written(
        tmp_path,
        squad(
            {"id": "1", "question": "How heavy?", "answers": [told, told]},
            {"id": "2", "question": "How old?", "is_impossible": True, "answers": [],
             "plausible_answers": [told]},
        ),
        name="squad.json",
    )  # fmt: skip
    first, second = read(path).items
    assert (first.answers, first.answerable) == (("0.98 kg",), True)
    assert first.sources == (Source(quote="The kettle weighs 0.98 kg."),)
    assert (second.answers, second.sources, second.answerable) == ((), (), False)
    with pytest.raises(QaSetError, match="leave out --split"):
        read(path, "dev")


def beir(folder: Path, qrels: str = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n") -> Path:
    written(folder, {"_id": "q1", "text": "How heavy?"}, {"_id": "q2", "text": "Unjudged?"},
            name="queries.jsonl")  # fmt: skip
    (folder / "qrels").mkdir(exist_ok=True)
    (folder / "qrels/test.tsv").write_text(qrels)
    return folder


def test_beir(tmp_path: Path) -> None:
    (item,) = read(beir(tmp_path)).items
    assert (item.id, item.sources, item.answers) == ("q1", (Source("d1", grade=2),), ())


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("{", "line 2: not JSON"),
        ([1], "line 2: list, not an object"),
        ({"answers": ["x"]}, "line 2: there is no question"),
        ({"question": " "}, "line 2: there is no question"),
        ({"question": 3.5}, "line 2: 'question' must be text"),
        ({"question": "?", "answers": "x", "answerable": False}, "'answerable' is false, yet"),
        ({"question": "?", "answers": {"a": 1}}, "'answers' must be a list"),
        ({"question": "?", "anwsers": []}, "did you mean 'answers'?"),
        ({"question": "?", "sources": ["#page=2"]}, "names no document"),
        ({"question": "?", "sources": ["a#page=two"]}, "must end in a page number"),
        ({"question": "?", "sources": [{"page": 2}]}, "a source is a document's id or path"),
        ({"question": "?", "answerable": "perhaps"}, "'answerable' must be true or false"),
        ({"question": "?", "id": "a"}, "line 2: the id 'a' is taken by line 1"),
        ({"question": "x" * 2001}, "line 2: the question has more than 2000 characters"),
        (r'{"question": "how \ud83d heavy"}', "line 2: something in it cannot be kept as JSON"),
        ({"question": "?", "sources": ["a#page=" + "9" * 20]}, "line 2: something in it cannot"),
        ({"question": "?", "sources": ["a#page=²"]}, "must end in a page number"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, row: object, words: str) -> None:
    with pytest.raises(QaSetError) as caught:
        read(written(tmp_path, FULL, row))
    assert words in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_all_bad_lines_are_named_up_to_ten(tmp_path: Path) -> None:
    with pytest.raises(QaSetError, match=r"line 1:.*line 10:.*And 5 more\.") as caught:
        read(written(tmp_path, *["{"] * 15))
    assert "line 11:" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("qa.json", "[]", "is not SQuAD"),
        ("qa.json", "{", "line 1 column 2"),
        ("qa.json", '{"data": [{"title": "x"}]}', "KeyError('paragraphs')"),
        ("qa.json", '{"data": ' + "9" * 5000 + "}", "is not JSON"),
        ("qa.json", '{"data": [{"paragraphs": [{"qas": {"a": 1}}]}]}', "'answers' (AttributeError"),
        ("qa.json", '{"data": [{"paragraphs": [{"qas": 1}]}]}', "'answers' (TypeError"),
        ("qa.csv", 'question\n"open', "not CSV"),
        ("qa.csv", "question,id\na,b,c\n", "line 2: more cells than the 2 columns"),
        ("qa.jsonl", "", "holds no question"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(QaSetError) as caught:
        read(tmp_path / name)
    assert words in str(caught.value)


def test_no_such_file_or_split(tmp_path: Path) -> None:
    with pytest.raises(QaSetError, match="No such file"):
        read(tmp_path / "qa.jsonl")
    with pytest.raises(QaSetError, match="no question of split 'dev'"):
        read(written(tmp_path, {"question": "?", "split": "test"}), "dev")
    with pytest.raises(QaSetError, match="not UTF-8"):
        (tmp_path / "qa.jsonl").write_bytes(b'{"question": "\xff"}')
        read(tmp_path / "qa.jsonl")


def test_a_beir_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(QaSetError, match=r"qrels/ has no \.tsv file"):
        read(tmp_path)
    beir(tmp_path, "q1\td1\t1\nq1 d2 1\n")
    with pytest.raises(QaSetError, match=r"qrels/test\.tsv, line 2"):
        read(tmp_path)
    for grade in ("--5", "²", "1.5", "9" * 5000):
        beir(tmp_path, f"query-id\tcorpus-id\tscore\nq1\td1\t{grade}\n")
        with pytest.raises(QaSetError, match=r"qrels/test\.tsv, line 2"):
            read(tmp_path)
    with pytest.raises(QaSetError, match="'dev'.*qrels/ has test"):
        read(tmp_path, "dev")


def test_the_digest_is_of_what_is_asked(tmp_path: Path) -> None:
    one = read(written(tmp_path, FULL)).sha256
    assert read(written(tmp_path, dict(reversed(FULL.items())))).sha256 == one
    assert read(written(tmp_path, {**FULL, "answers": ["1 kg"]})).sha256 != one


@given(st.integers(1, 40), st.integers(1, 50))
def test_an_even_sample_is_no_larger_than_wanted(size: int, most: int) -> None:
    from rag.evaluation.questions import QaSet

    items = tuple(item_of({"question": "?"}, "line", n) for n in range(size))
    assert 1 <= len(QaSet("x", items).every(most).items) <= most


@given(st.dictionaries(st.sampled_from([*FULL, "other"]), st.one_of(
    st.none(), st.text(max_size=4), st.booleans(), st.integers(), st.lists(st.text(max_size=3)),
)))  # fmt: skip
def test_any_row_is_read_or_refused_by_line(row: dict[str, object]) -> None:
    try:
        assert item_of(row, "line 7", 7).text
    except QaSetError as error:
        assert str(error).startswith("line 7: ")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(SQUAD_KEYS), inner, max_size=3)
    ),
)


@given(json_values)
def test_any_json_is_read_as_squad_or_refused(value: object) -> None:
    paragraph = {"context": "x", "qas": value}
    with TemporaryDirectory() as folder:
        path = written(Path(folder), {"data": [{"paragraphs": [paragraph]}]}, name="qa.json")
        try:
            assert read(path).items
        except QaSetError as error:
            assert str(path) in str(error)
