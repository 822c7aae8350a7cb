"""A whole run on the small shop: what is asked, written, compared, calibrated, shown."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel

from rag.calibration import read as read_calibration
from rag.config import Settings
from rag.engine import Engine
from rag.errors import CalibrationError, IndexDamagedError, QaSetError, ReportError
from rag.evaluation import calibrate, report
from rag.evaluation.asking import ask_all
from rag.evaluation.evaluate import Options, Report, evaluate
from rag.evaluation.gate import Gate
from rag.evaluation.judge import Judge
from rag.evaluation.read import read
from rag.evaluation.sources import pin, pin_file, resolve
from rag.evaluation.table import Table
from rag.extractive import ExtractiveChat
from rag.index import Index
from rag.manifest import Layout
from rag.retrieval import Retriever
from rag.types import Answer, Question
from tests.doubles import HashingEmbedder, ScriptedChat
from tests.rag.generations import a_document, whole, write_generation

ROWS: list[dict[str, Any]] = [
    {"id": "cord", "question": "How long is the cord?", "product_id": "KT17", "kind": "faq",
     "answers": ["90 cm"], "sources": ["products/KT17/faq.md"], "lang": "en"},
    {"id": "weight", "question": "What is the weight?", "product_id": "KT12", "kind": "spec",
     "answers": ["0.98 kg"], "sources": ["specs/kettles.csv"], "lang": "en"},
    {"id": "returns", "question": "Within how many days can I return unused goods?",
     "answers": ["30 days"], "sources": [{"quote": "within 30  days of delivery"}]},
    {"id": "football", "question": "Who won the football championship?", "answerable": False},
    {"id": "football2", "question": "Who won the football championship today?",
     "answerable": False},
    {"id": "log", "question": "Does the moon shine on Mars?"},
]  # fmt: skip


@pytest.fixture
def engine(small_index: Path, hashing_embedder: HashingEmbedder) -> Iterator[Engine]:
    index = Index.open(small_index)
    settings = Settings(index=small_index, generator="extractive")
    yield Engine(Retriever(index, hashing_embedder), ExtractiveChat(), settings)
    index.close()


@pytest.fixture
def qa(tmp_path: Path) -> Path:
    return written(tmp_path, ROWS)


def written(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "qa.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def run(engine: Engine, qa: Path, out: Path, **options: Any) -> Report:
    return evaluate(engine, read(qa), qa, out, Options(**options))


def answers(out: Path) -> list[dict[str, Any]]:
    lines = (out / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_a_run_writes_answers_and_metrics(engine: Engine, qa: Path, tmp_path: Path) -> None:
    done = run(engine, qa, tmp_path / "out")
    rows = answers(tmp_path / "out")
    assert [row["id"] for row in rows] == [row["id"] for row in ROWS]
    cord = rows[0]
    assert (cord["question"], cord["product_id"]) == ("How long is the cord?", "KT17")
    assert cord["gold"]["documents"] == ["products/KT17/faq.md"]
    assert cord["scores"]["correct"] == 1 and "90 cm" in cord["answer"]
    assert cord["scores"]["wrong_product"] == 0 and cord["answer_tokens"] > 3
    for row in rows:
        assert len(row["passages"]) >= 10
        assert [p["rank"] for p in row["passages"]] == list(range(1, len(row["passages"]) + 1))
        assert all(p["document_id"] and p["score"] is not None for p in row["passages"])
    body = json.loads((tmp_path / "out/metrics.json").read_text(encoding="utf-8"))
    assert body == json.loads(json.dumps(done.body))
    assert body["metrics"]["correct"]["n"] == 3
    assert body["metrics"]["abstention_recall"]["n"] == 2
    assert body["slices"]["kind"].keys() == {"faq", "spec"}
    assert body["slices"]["document_kind"]["policy"]["questions"] == 1
    assert body["engine"]["generation"] == engine.generation


def test_the_body_is_what_ask_prints(engine: Engine, qa: Path, tmp_path: Path) -> None:
    from rag.body import answer_body

    run(engine, qa, tmp_path)
    asked = answer_body(engine.ask(read(qa).items[0].question))
    row = answers(tmp_path)[0]
    for key in ("status", "answer", "statements", "citations", "conflicts", "model", "confidence"):
        assert row[key] == asked[key], key


class Counting(Engine):
    asked: list[str] = []
    fail_after = 10_000

    def ask(self, question: Question) -> Answer:
        if len(self.asked) >= self.fail_after:
            raise KeyboardInterrupt
        self.asked.append(question.text)
        return super().ask(question)


@pytest.fixture
def counting(engine: Engine) -> Counting:
    made = Counting(engine.retriever, ExtractiveChat(), engine.settings)
    made.asked = []
    return made


def test_a_run_that_was_cut_off_goes_on(counting: Counting, qa: Path, tmp_path: Path) -> None:
    counting.fail_after = 3
    with pytest.raises(KeyboardInterrupt):
        run(counting, qa, tmp_path)
    kept = len(answers(tmp_path))
    assert 1 <= kept <= 3
    with (tmp_path / "answers.jsonl").open("a") as file:
        file.write('{"fingerprint": "cut o')
    counting.fail_after, counting.asked = 10_000, []
    told: list[tuple[int, int]] = []
    evaluate(counting, read(qa), qa, tmp_path, Options(), lambda *step: told.append(step))
    assert len(counting.asked) == len(ROWS) - kept
    assert told[0] == (kept, len(ROWS)) and told[-1] == (len(ROWS), len(ROWS))
    assert [row["id"] for row in answers(tmp_path)] == [row["id"] for row in ROWS]


def test_what_was_asked_is_asked_again_only_when_something_changed(
    counting: Counting, qa: Path, tmp_path: Path
) -> None:
    first = run(counting, qa, tmp_path)
    counting.asked = []
    again = run(counting, qa, tmp_path)
    assert counting.asked == []
    assert again.table.body() == first.table.body()
    written(tmp_path, [{**ROWS[0], "answers": ["95 cm"]}, *ROWS[1:]])  # other gold: scored anew
    assert run(counting, qa, tmp_path).rows[0]["scores"]["correct"] == 0
    assert counting.asked == []
    written(tmp_path, [{**ROWS[0], "question": "How long is its cord?"}, *ROWS[1:]])
    run(counting, qa, tmp_path)
    assert counting.asked == ["How long is its cord?"]


@pytest.mark.parametrize(
    ("change", "again", "found_again"),
    [
        ({"answering": {"threshold": 0.0}}, True, True),
        ({"reranker": "some/reranker"}, True, True),
        ({"entailment": "some/model"}, True, False),
        ({"generator": "some/model"}, True, False),
        ({"serving": {"question_days": 1}}, False, False),
    ],
)
def test_other_settings_are_asked_again(
    counting: Counting, qa: Path, tmp_path: Path, change: dict[str, Any], again: bool,
    found_again: bool,
) -> None:  # fmt: skip
    values = {**counting.settings.model_dump(), **change}
    other = Counting(counting.retriever, ExtractiveChat(), Settings.model_validate(values))
    other.asked = []
    run(counting, qa, tmp_path)
    told = run(other, qa, tmp_path).body["engine"]
    assert len(other.asked) == again * len(ROWS)
    for key in change.keys() & told.keys() - {"answering"}:
        assert told[key] == change[key]
    run(counting, qa, tmp_path / "found", retrieval_only=True)
    steps: list[int] = []
    evaluate(other, read(qa), qa, tmp_path / "found", Options(retrieval_only=True),
             lambda done, _: steps.append(done))  # fmt: skip
    assert steps[0] == (0 if found_again else len(ROWS))


def test_the_same_question_is_asked_once(counting: Counting, tmp_path: Path) -> None:
    rows = [{"question": "How long is the cord?"}] * 5
    items = read(written(tmp_path, rows)).items
    bodies = ask_all(counting, items, tmp_path, False, lambda *_: None)
    assert len(bodies) == 5 and len(counting.asked) == 1


def test_a_folder_takes_one_run_at_a_time(engine: Engine, qa: Path, tmp_path: Path) -> None:
    def meanwhile(done: int, total: int) -> None:
        with pytest.raises(ReportError, match="Another run writes"):
            run(engine, qa, tmp_path / "out")

    evaluate(engine, read(qa), qa, tmp_path / "out", Options(), meanwhile)
    with pytest.raises(ReportError, match="cannot be written"):
        run(engine, qa, qa / "out")


def test_what_breaks_while_asking_is_not_the_folder(
    engine: Engine, qa: Path, tmp_path: Path
) -> None:
    def broken(done: int, total: int) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        evaluate(engine, read(qa), qa, tmp_path / "out", Options(), broken)
    run(engine, qa, tmp_path / "out")  # the lock was let go


@pytest.mark.parametrize("name", [".lock", "answers.jsonl", "answers.part", "metrics.json",
                                  "report.html", "summary.md"])  # fmt: skip
def test_a_file_of_the_report_that_cannot_be_written(
    engine: Engine, qa: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "out" / name).mkdir(parents=True)
    with pytest.raises(ReportError, match="out.* cannot be .*written: Is a directory"):
        report.write(run(engine, qa, tmp_path / "out"), None, tmp_path / "out")


@pytest.mark.parametrize("row", ["[1]", "1", '"fingerprint"', '{"fingerprint": []}', "[" * 100_000])
def test_rows_that_no_run_wrote_are_left_out(
    engine: Engine, qa: Path, tmp_path: Path, row: str
) -> None:
    (tmp_path / "answers.jsonl").write_text(row + "\n")
    assert len(run(engine, qa, tmp_path).rows) == len(answers(tmp_path)) == len(ROWS)


def test_retrieval_only(counting: Counting, qa: Path, tmp_path: Path) -> None:
    done = run(counting, qa, tmp_path, retrieval_only=True)
    assert counting.asked == []
    assert done.table.figure("hit@10") is not None
    assert done.table.figure("correct") is None
    assert "answer" not in answers(tmp_path)[0]
    assert len(answers(tmp_path)[0]["passages"]) >= 10
    report.write(done, done.table, tmp_path)
    assert "found" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_fewer_passages_for_the_answer_are_ten_in_the_row(
    engine: Engine, qa: Path, tmp_path: Path
) -> None:
    settings = Settings.model_validate(
        {"index": engine.settings.index, "answering": {"passages": 2}, "generator": "extractive"}
    )
    run(Engine(engine.retriever, ExtractiveChat(), settings), qa, tmp_path)
    assert {len(row["passages"]) for row in answers(tmp_path)} == {10}


@pytest.mark.parametrize(
    "change",
    [
        {"sources": ["products/KT99/faq.md"]},
        {"sources": [{"quote": "The cord is ten miles long."}]},
        {"sources": [{"document": "products/KT17/faq.md", "quote": "Not there."}]},
        {"product_id": "KT99"},
        {"variant_id": "KT99-RED"},
    ],
)
def test_a_qa_set_of_another_corpus_is_refused(
    engine: Engine, tmp_path: Path, change: dict[str, Any]
) -> None:
    qa = written(tmp_path, [ROWS[1], {**ROWS[0], **change}])
    with pytest.raises(QaSetError, match="line 2: ") as caught:
        run(engine, qa, tmp_path)
    assert "does not fit the index" in str(caught.value)


def test_products_may_share_a_variant(tmp_path: Path, hashing_embedder: HashingEmbedder) -> None:
    documents = [a_document(id, product_ids=(id,), variant_ids=("RED",)) for id in ("P1", "P2")]
    texts = [whole(document).embedding_text for document in documents]
    write_generation(tmp_path, documents, hashing_embedder.encode_documents(texts))
    row = {"question": "What is it?", "product_id": "P1", "variant_id": "RED"}
    qa = read(written(tmp_path, [row, {**row, "variant_id": "BLUE"}]))
    with closing(Index.open(tmp_path)) as index:
        assert resolve(qa, index).unknown == ("line 2: variant 'BLUE' is not in the index.",)


def test_missing_sources_can_be_allowed_and_are_never_found(engine: Engine, tmp_path: Path) -> None:
    qa = written(tmp_path, [{**ROWS[0], "sources": ["gone.md"]}])
    done = run(engine, qa, tmp_path, allow_missing=True)
    assert done.rows[0]["scores"]["hit@10"] == 0
    assert "gone.md" in done.warnings[0]
    with pytest.raises(QaSetError, match="KT99"):
        run(engine, written(tmp_path, [{**ROWS[0], "product_id": "KT99"}]), tmp_path,
            allow_missing=True)  # fmt: skip


def test_a_pin_tells_which_gold_may_be_out_of_date(
    engine: Engine, qa: Path, tmp_path: Path
) -> None:
    assert run(engine, qa, tmp_path).warnings == []
    pin(qa, resolve(read(qa), engine.retriever.index))
    assert run(engine, qa, tmp_path).warnings == []
    pinned = json.loads(pin_file(qa).read_text())
    pinned["documents"]["products/KT17/faq.md"] = "0" * 64
    pin_file(qa).write_text(json.dumps(pinned))
    (warning,) = run(engine, qa, tmp_path).warnings
    assert warning.startswith("1 questions rest on documents") and "cord" in warning
    pin_file(qa).write_text("{")
    with pytest.raises(QaSetError, match="--pin"):
        run(engine, qa, tmp_path)


def test_a_regression_is_caught_by_a_gate(engine: Engine, tmp_path: Path) -> None:
    """Ten questions, then the same asked on the sibling's page: none is right any more."""
    asked = [f"How long is the cord of it{'?' * n}" for n in range(1, 11)]
    good = [{**ROWS[0], "id": str(n), "question": text} for n, text in enumerate(asked)]
    before = run(engine, written(tmp_path, good), tmp_path / "before").table
    bad = [{**row, "product_id": "KT12"} for row in good]
    gates = [Gate.parse("no worse: correct"), Gate.parse("correct>=0"), Gate.parse("aurc<=1")]
    qa = written(tmp_path, bad)
    done = run(engine, qa, tmp_path / "after", gates=gates, baseline=before)
    assert [outcome.passed for outcome in done.outcomes] == [False, True, True]
    assert not done.passed
    comparison = done.body["baseline"]
    assert comparison["questions"] == 10
    assert comparison["metrics"]["correct"]["value"] == -1
    assert comparison["metrics"]["correct"]["before"] == 1
    report.write(done, before, tmp_path / "after")
    summary = (tmp_path / "after/summary.md").read_text(encoding="utf-8")
    assert "**FAIL** `no worse: correct`" in summary and "10 questions got worse" in summary
    page = (tmp_path / "after/report.html").read_text(encoding="utf-8")
    assert "A gate failed" in page and page.count('data-change="worse"') == 10


def test_gaps_are_what_no_document_answers(engine: Engine, qa: Path, tmp_path: Path) -> None:
    gaps = run(engine, qa, tmp_path).body["gaps"]
    assert [(gap["product_id"], gap["questions"]) for gap in gaps] == [(None, 2), (None, 1)]
    assert gaps[0]["topic"].startswith("Who won the football")
    assert gaps[1]["examples"] == ("Does the moon shine on Mars?",)


def test_a_judge_only_warns(engine: Engine, qa: Path, tmp_path: Path) -> None:
    without = run(engine, qa, tmp_path)
    answered = sum(row["status"] == "answered" for row in without.rows)
    chat = ScriptedChat()
    for word in (["No.", "I cannot say.", *["Yes."] * answered])[:answered]:
        chat.enqueue(word)
    done = run(engine, qa, tmp_path, judge=Judge(chat))
    assert done.table.body() == without.table.body()
    assert any("finds 1 of" in warning and "cord" in warning for warning in done.warnings)
    assert any("no clear word on 1 of" in warning for warning in done.warnings)
    prompt = str(chat.prompts[0][1].content)
    assert "How long is the cord?" in prompt and "90 cm" in prompt


class Broken(ScriptedChat):
    def _stream(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("no connection")


def test_a_judge_that_fails_is_told(engine: Engine, qa: Path, tmp_path: Path) -> None:
    judge: BaseChatModel = Broken()
    assert any(
        "no clear word" in warning
        for warning in run(engine, qa, tmp_path, judge=Judge(judge)).warnings
    )


@pytest.fixture
def own(small_index: Path, tmp_path: Path, hashing_embedder: HashingEmbedder) -> Iterator[Engine]:
    """An engine on a copy of the index, answering everything."""
    folder = Path(shutil.copytree(small_index, tmp_path / "index"))
    index = Index.open(folder)
    settings = calibrate.answering_all(Settings(index=folder, generator="extractive"))
    yield Engine(Retriever(index, hashing_embedder), ExtractiveChat(), settings)
    index.close()


def test_calibration_is_written_where_the_engine_reads_it(
    own: Engine, qa: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    done = run(own, qa, tmp_path / "out")
    assert {row["status"] for row in done.rows} == {"answered"}
    fitted = calibrate.calibrate(own, read(qa), done.table, 0.0)
    assert fitted.threshold > 0 and fitted.error == 0 and 0 < fitted.coverage < 1
    assert read_calibration(Layout(own.settings.index)) == fitted

    def opened(**settings: Any) -> Engine:
        values = {"index": own.settings.index, "generator": "extractive", **settings}
        return Engine(own.retriever, ExtractiveChat(), Settings.model_validate(values))

    engine = opened()
    assert engine.settings.answering.threshold == fitted.threshold
    after = run(engine, qa, tmp_path / "after")
    risk = after.table.figure("selective_risk")
    assert risk is not None and risk.value == 0
    assert engine.reopened().settings.answering.threshold == fitted.threshold
    assert opened(answering={"threshold": 0.4}).settings.answering.threshold == 0.4
    assert not caplog.records
    file = Layout(own.settings.index).calibration
    values = json.loads(file.read_text())
    others: list[tuple[dict[str, str], dict[str, str]]] = [
        ({key: "0" * 64}, {})
        for key in ("embedder_sha256", "evidence_sha256", "reranker", "entailment")
    ] + [({}, {key: "some/model"}) for key in ("reranker", "entailment")]
    for then, now in others:
        file.write_text(json.dumps({**values, **then}))
        assert opened(**now).settings.answering.threshold == Settings().answering.threshold
        assert "is not used" in caplog.text
        caplog.clear()
    before = {key: values[key] for key in values if key not in ("reranker", "entailment")}
    file.write_text(json.dumps(before))  # as it was written before they were told
    assert opened().settings.answering.threshold == fitted.threshold
    for text in ("{", "{}", json.dumps({**values, "threshold": 2})):
        file.write_text(text)
        with pytest.raises(IndexDamagedError, match="Calibrate again"):
            opened()


def test_an_error_no_threshold_keeps(own: Engine, tmp_path: Path) -> None:
    rows = [{**ROWS[0], "answers": ["95 cm"]}]
    qa = written(tmp_path, rows)
    table = run(own, qa, tmp_path).table
    with pytest.raises(CalibrationError, match=r"the least is 1\.000"):
        calibrate.calibrate(own, read(qa), table, 0.5)
    assert read_calibration(Layout(own.settings.index)) is None
    qa = written(tmp_path, [ROWS[5]])
    with pytest.raises(CalibrationError, match="No answer can be judged"):
        calibrate.calibrate(own, read(qa), run(own, qa, tmp_path).table, 0.5)
    silent = Table.of({"1": {"accurate": 0.0, "confidence": 0.1, "wrong": None}}, {})
    with pytest.raises(CalibrationError, match="No answer can be judged"):
        calibrate.calibrate(own, read(qa), silent, 0.5)


def test_the_threshold_keeps_out_the_next_answer_however_near(own: Engine, qa: Path) -> None:
    table = Table.of(
        {
            "good": {"accurate": 1.0, "confidence": 0.3001, "wrong": 0.0},
            "bad": {"accurate": 0.0, "confidence": 0.3, "wrong": 1.0},
        },
        {},
    )
    assert 0.3 < calibrate.calibrate(own, read(qa), table, 0.0).threshold <= 0.3001


class Page(HTMLParser):
    """What a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts, self.handlers, self.fetched = 0, [], []  # type: ignore[var-annotated]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action", "srcset", "data"):
                self.fetched += [value] if not (value or "").startswith("#") else []
        assert tag not in ("iframe", "object", "embed", "link", "base", "img", "a"), tag


def test_the_page_fetches_nothing_and_escapes_everything(engine: Engine, tmp_path: Path) -> None:
    hostile = (
        "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"' onload=x & $a$ {{7*7}}"
    )
    rows = [
        {**row, "question": f"{row['question']} {hostile}", "kind": hostile, "id": hostile + str(n),
         "answers": [hostile]}
        for n, row in enumerate(ROWS[:3])
    ]  # fmt: skip
    rows.append({**ROWS[3], "question": f"Who? {hostile}", "kind": "other"})
    done = run(engine, written(tmp_path, rows), tmp_path)
    report.write(done, done.table, tmp_path)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert (page.scripts, page.handlers, page.fetched) == (1, [], [])
    assert "{{7*7}}" in text and "<metadata>" not in text
    assert "url(http" not in text and "@import" not in text
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "<script" not in summary and "<img" not in summary


def test_every_plot_is_there(engine: Engine, qa: Path, tmp_path: Path) -> None:
    done = run(engine, qa, tmp_path)
    page = report.page(done, done.table)
    for title in ("hit rate by number of passages", "Risk and coverage", "Latency", "accuracy by",
                  "Change since the baseline"):  # fmt: skip
        assert title in page
    for row in ROWS:
        assert str(row["question"]) in page
