"""`shelftalk eval` in this process: what it prints and writes, and how it exits."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from tests.doubles import HashingEmbedder

ROWS: list[dict[str, Any]] = [
    {"id": "cord", "question": "How long is the cord?", "product_id": "KT17", "split": "dev",
     "answers": ["90 cm"], "sources": ["products/KT17/faq.md"], "kind": "faq"},
    {"id": "none", "question": "Who won the football championship?", "answerable": False,
     "split": "dev"},
    {"id": "kept", "question": "How long is the cord?", "product_id": "KT12", "split": "test",
     "answers": ["75 cm"], "sources": ["products/KT12/faq.md"], "kind": "faq"},
]  # fmt: skip


@pytest.fixture(autouse=True)
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hashing_embedder: HashingEmbedder
) -> None:
    monkeypatch.setattr("rag.engine.open_embedder", lambda *_: hashing_embedder)
    monkeypatch.setenv("SHELFTALK_GENERATOR", "extractive")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "qa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))


def run(index: Path, *arguments: object) -> Result:
    words = ["eval", "qa.jsonl", "--index", str(index), *map(str, arguments)]
    return CliRunner().invoke(app, words)


def test_the_report_is_written_and_told(small_index: Path, tmp_path: Path) -> None:
    result = run(small_index, "--report", "out", "--split", "dev")
    assert result.exit_code == 0, result.stderr
    assert "correct" in result.stdout and "out/report.html" in result.stdout
    assert "asking questions 2/2" in result.stderr
    files = {path.name for path in (tmp_path / "out").glob("[!.]*")}
    assert files == {"answers.jsonl", "metrics.json", "report.html", "summary.md"}


def test_json_is_one_object_without_the_single_scores(small_index: Path, tmp_path: Path) -> None:
    result = run(small_index, "--json")
    body = json.loads(result.stdout)
    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    assert body["report"] == "report" and "scores" not in body
    assert body["metrics"]["correct"]["value"] == 1
    written = json.loads((tmp_path / "report/metrics.json").read_text())
    assert written["metrics"] == body["metrics"] and "scores" in written


def test_the_exit_code_is_that_of_the_gates(small_index: Path) -> None:
    assert run(small_index, "--report", "before").exit_code == 0
    good = run(small_index, "--gate", "correct>=1", "--gate", "no worse: hit@5",
               "--baseline", "before")  # fmt: skip
    assert good.exit_code == 0 and good.stdout.count("pass ") == 2
    bad = run(small_index, "--gate", "correct>=1", "--gate", "latency_p50<0.0001")
    assert bad.exit_code == 1
    assert "FAIL latency_p50<0.0001" in bad.stdout and "pass correct>=1" in bad.stdout
    missing = run(small_index, "--retrieval-only", "--gate", "correct>=0")
    assert missing.exit_code == 1 and "not measured" in missing.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--gate", "korrect>=1"], "names no metric"),
        (["--gate", "no worse: hit@5"], "needs --baseline"),
        (["--baseline", "nowhere.json"], "cannot be read"),
        (["--split", "train"], "no question of split 'train'"),
        (["--report", "qa.jsonl/out"], "cannot be written"),
        (["--calibrate", "--retrieval-only"], "--calibrate needs all answers"),
    ],
)
def test_bad_input_is_refused_before_anything_is_asked(
    small_index: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    result = run(small_index, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "report").exists()


def test_a_qa_set_that_does_not_fit(small_index: Path, tmp_path: Path) -> None:
    (tmp_path / "qa.jsonl").write_text('{"question": "?", "sources": ["gone.md"]}\n')
    result = run(small_index)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "line 1: no document is gone.md" in result.stderr
    allowed = run(small_index, "--allow-missing")
    assert allowed.exit_code == 0 and "warning" in allowed.stderr


def test_pin_and_limit(small_index: Path, tmp_path: Path) -> None:
    body = json.loads(run(small_index, "--limit", "2", "--pin", "--json").stdout)
    assert body["qa"]["questions"] == 2
    pinned = json.loads((tmp_path / "qa.jsonl.corpus.json").read_text())
    assert "products/KT17/faq.md" in pinned["documents"]


def test_calibrate(small_corpus: Path, small_index: Path, tmp_path: Path) -> None:
    import shutil

    index = Path(shutil.copytree(small_index, tmp_path / "index"))
    result = run(index, "--calibrate", "--target-error", "0")
    assert result.exit_code == 0, result.stderr
    assert "The threshold is now" in result.stdout
    fitted = json.loads((index / "calibration.json").read_text())
    assert (
        json.loads(run(index, "--json").stdout)["engine"]["answering"]["threshold"]
        == (fitted["threshold"])
    )
    (tmp_path / "qa.jsonl").write_text(json.dumps({**ROWS[0], "answers": ["95 cm"]}) + "\n")
    failed = run(index, "--calibrate", "--report", "other")
    assert failed.exit_code == 1 and "No threshold keeps the error" in failed.stderr
