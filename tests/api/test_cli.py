"""The command line in this process, with the hashing embedder: what it prints and how it exits."""

import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter
from typer.testing import CliRunner, Result

from api.addresses import listening
from api.cli import app
from indexer.build import build
from indexer.publish import writing
from rag.config import Settings, describe
from rag.manifest import VECTORS, Layout
from tests.doubles import HashingEmbedder, Silent
from tests.samples import write_small_corpus

CORD = "How long is the cord?"
COMMANDS = ("index", "ask", "search", "serve", "check", "rollback", "config", "eval")


@pytest.fixture(autouse=True)
def no_real_model(monkeypatch: pytest.MonkeyPatch, hashing_embedder: HashingEmbedder) -> None:

    def open_embedder(name: str, *_: object) -> HashingEmbedder:
        return hashing_embedder if name == "minilm" else HashingEmbedder(name)

    monkeypatch.setattr("rag.embedding.open_embedder", open_embedder)
    monkeypatch.setattr("rag.engine.open_embedder", open_embedder)
    monkeypatch.setenv("SHELFTALK_GENERATOR", "extractive")


@pytest.fixture
def own_index(small_index: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(small_index, tmp_path / "index"))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def one_object(result: Result) -> dict[str, Any]:
    """What `--json` printed: one line on stdout, one object on it."""
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("\n") == 1 and result.stdout.endswith("\n")
    body: dict[str, Any] = json.loads(result.stdout)
    assert isinstance(body, dict)
    return body


def refused(result: Result, code: int, *words: str) -> None:
    """It failed with this code and one clear line on stderr, nothing on stdout."""
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    for word in words:
        assert word in result.stderr
    assert "Traceback" not in result.stderr


def test_index_publishes_and_reports(small_corpus: Path, tmp_path: Path) -> None:
    body = one_object(run("index", small_corpus, "--index", tmp_path / "i", "--json"))
    assert (body["problems"], body["unchanged"]) == ([], False)
    written = [path for path in small_corpus.rglob("*") if path.is_file()]
    assert body["files"] == len(written) - 2  # not the ignore file, not the QA set
    assert body["documents_by_kind"]["review"] == 3
    assert Layout(tmp_path / "i").published().name == body["generation"]
    again = one_object(run("index", small_corpus, "--index", tmp_path / "i", "--json"))
    assert (again["unchanged"], again["generation"]) == (True, body["generation"])


def test_index_in_words(small_corpus: Path, tmp_path: Path) -> None:
    result = run("index", small_corpus, "--index", tmp_path / "i")
    assert result.exit_code == 0
    assert f"{tmp_path / 'i'} published: " in result.stdout and "0 left out" in result.stdout


def test_index_is_the_default_folder(small_corpus: Path, tmp_path: Path) -> None:
    one_object(run("index", small_corpus, "--json"))
    assert Layout(tmp_path / "index").published()
    assert one_object(run("check", "--json"))["ok"] is True


def test_what_cannot_be_read_is_reported_and_the_rest_indexed(tmp_path: Path) -> None:
    corpus = write_small_corpus(tmp_path / "corpus")
    with (corpus / "reviews/reviews.jsonl").open("a") as file:
        file.write('{"id": "r4", "text": \n')
    writer = PdfWriter(clone_from=PdfReader(corpus / "products/KT17/manual.pdf"))
    writer.encrypt("secret")
    writer.write(corpus / "products/KT17/locked.pdf")
    (corpus / "help/photo.heic").write_bytes(b"\x00\x01")
    result = run("index", corpus, "--index", tmp_path / "i", "--json")
    body = one_object(result)
    problems = {problem["source"]: problem["problem"] for problem in body["problems"]}
    assert problems.keys() == {
        "reviews/reviews.jsonl",
        "products/KT17/locked.pdf",
        "help/photo.heic",
    }
    assert "password" in problems["products/KT17/locked.pdf"]
    assert "no loader" in problems["help/photo.heic"]
    assert body["documents_by_kind"]["review"] == 3
    shown = run("index", corpus, "--index", tmp_path / "j")
    assert shown.exit_code == 0 and "3 left out" in shown.stdout
    assert shown.stderr.count("left out") == 3


def test_ask_prints_the_answer_body(small_index: Path) -> None:
    result = run("ask", CORD, "--product", "KT17", "--index", small_index, "--json")
    body = one_object(result)
    assert (body["status"], body["model"]) == ("answered", "extractive")
    assert body["answer"] == "The cord of the Brook 1.7 is 90 cm long."
    assert [citation["number"] for citation in body["citations"]] == [1]
    assert body["statements"][0]["verdict"] == "supported"
    assert result.stderr == ""


def test_ask_in_words(small_index: Path) -> None:
    result = run("ask", CORD, "--product", "KT17", "--index", small_index)
    assert result.exit_code == 0
    assert "The cord of the Brook 1.7 is 90 cm long. [1]\n" in result.stdout
    assert "(products/KT17/faq.md)" in result.stdout


def test_ask_says_when_the_documents_do_not(
    small_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFTALK_CONTACT", "help@shop.example")
    asked = ("ask", "Who won the football championship?", "--index", small_index)
    assert one_object(run(*asked, "--json"))["status"] == "abstained"
    result = run(*asked)
    assert result.exit_code == 0
    assert result.stdout.startswith("The documents don't say.")
    assert "help@shop.example" in result.stdout


def test_what_documents_say_is_no_markup_in_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    line = "The [bold]Brook[/bold] kettle says :kettle: [/] when it is [red] hot."
    (tmp_path / "corpus/kettle.txt").write_text(f"Signals\n\n{line}\n")
    assert run("index", tmp_path / "corpus").exit_code == 0
    assert line in run("ask", "What does the Brook kettle say when it is hot?").stdout
    assert line in run("search", "kettle says").stdout


def test_search_prints_passages(small_index: Path) -> None:
    body = one_object(run("search", "cord", "-k", 3, "--index", small_index, "--json"))
    assert [passage["rank"] for passage in body["passages"]] == [1, 2, 3]
    assert body["generation"] == Layout(small_index).published().name
    shown = run("search", "cord", "-k", 3, "--index", small_index)
    assert shown.exit_code == 0 and body["passages"][0]["document_id"] in shown.stdout


def test_search_explains_what_it_looked_for_and_where(small_index: Path) -> None:
    opinions = '{"type": "ne", "key": "kind", "value": "review"}'
    asked = ("search", "How long is the crod?", "--product", "KT17", "--index", small_index)
    options = (*asked, "--as-of", "2024-05-01", "--filter", opinions, "--explain")
    body = one_object(run(*options, "--json"))
    why, first = body["explanation"], body["passages"][0]
    assert why["filters"] == {
        "product_id": "KT17",
        "as_of": "2024-05-01",
        "where": json.loads(opinions),
    }
    assert len(body["passages"]) == 5 < why["admitted"] < why["passages"]
    assert set(first["scores"]) == {"dense", "lexical", "fused", "precedence"}
    shown = run(*options).stdout
    for part in ("looked for", "cord", "product_id KT17", "2024-05-01", '"ne"', "precedence"):
        assert part in shown
    assert "explanation" not in one_object(run(*asked, "--json"))


def test_search_shows_which_words_match(small_index: Path) -> None:
    body = one_object(run("search", "How long are the cords?", "--index", small_index, "--json"))
    faq = next(one for one in body["passages"] if one["source"] == "products/KT17/faq.md")
    assert faq["matched"] == ["cord"]


def test_search_says_which_product_a_question_is_about(small_index: Path) -> None:
    asked = ("search", "Is the KT-17 loud?", "--index", small_index, "--explain")
    assert one_object(run(*asked, "--json"))["explanation"]["filters"]["product_id"] == "KT17"
    shown = run("search", "the Brook kettle", "--index", small_index, "--explain").stdout
    assert "Brook Kettle 1.2 L (KT12), Brook" in shown and "(KT17)" in shown


def test_the_options_make_the_scope(small_index: Path) -> None:
    def sources(*options: object) -> set[str]:
        asked = ("search", "return goods", "-k", 100, "--index", small_index, "--json", *options)
        return {passage["source"] for passage in one_object(run(*asked))["passages"]}

    policies = sources("--kind", "policy")
    assert policies == {"policies/returns.md", "de/rueckgabe.md"}
    assert sources("--kind", "policy", "--locale", "de") == {
        "de/rueckgabe.md",
        "policies/returns.md",
    }
    assert "policies/returns-2023.md" in sources("--as-of", "2023-05-01")
    two = sources("--kind", "faq", "--kind", "manual", "--product", "KT17")
    assert two == {"products/KT17/faq.md", "products/KT17/manual.pdf"}
    variant = sources("--product", "KT12", "--variant", "KT12-SAGE", "--kind", "spec")
    assert variant == {"specs/kettles.csv"}


def test_check_of_a_whole_index(small_index: Path) -> None:
    body = one_object(run("check", small_index, "--json"))
    assert (body["ok"], body["problems"]) == (True, [])
    shown = run("check", "--index", small_index)
    assert shown.exit_code == 0 and "is whole" in shown.stdout


def test_config_lists_the_effective_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFTALK_ANSWERING__THRESHOLD", "0.25")
    Path("shelftalk.toml").write_text('contact = "help@shop.example"\n')
    body = one_object(run("config", "--json"))
    assert (body["answering"]["threshold"], body["contact"]) == (0.25, "help@shop.example")
    assert body["generator"] == "extractive"
    shown = run("config").stdout
    for key, _, help_ in describe():
        assert f"{key} = " in shown and help_ in shown


def test_a_missing_folder(tmp_path: Path) -> None:
    refused(run("index", tmp_path / "nowhere"), 2, "nowhere does not exist")


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(run("index", tmp_path / "empty", "--json"), 2, "no readable document")


@pytest.mark.parametrize(
    "command", [["ask", CORD], ["search", CORD], ["check"], ["serve"]], ids=lambda c: str(c[0])
)
def test_a_missing_index(command: list[str]) -> None:
    refused(run(*command, "--index", "none"), 2, "no index in none", "shelftalk index")


@pytest.mark.parametrize("command", ["ask", "search"])
def test_an_index_of_another_model(small_index: Path, command: str) -> None:
    result = run(command, CORD, "--index", small_index, "--embedder", "other")
    refused(result, 2, "made with 'hashing'", "not with 'other'", "index again")


@pytest.mark.parametrize("command", ["ask", "search"])
@pytest.mark.parametrize(
    ("text", "words"),
    [("", "is empty"), (" \t", "is empty"), ("why " * 2500, "10,000 characters; at most 2,000")],
    ids=["empty", "blank", "long"],
)
def test_an_unusable_question(small_index: Path, command: str, text: str, words: str) -> None:
    refused(run(command, text, "--index", small_index, "--json"), 2, words)


@pytest.mark.parametrize("command", ["ask", "search"])
@pytest.mark.parametrize("option", ["--product", "--variant", "--locale", "--shop"])
def test_bytes_that_are_no_text(small_index: Path, command: str, option: str) -> None:
    result = run(command, CORD, option, "caf\udce9", "--index", small_index)
    refused(result, 2, "not valid Unicode text")


@pytest.mark.parametrize("command", ["ask", "search"])
def test_an_unknown_product(small_index: Path, command: str) -> None:
    result = run(command, CORD, "--product", "KT71", "--index", small_index)
    refused(result, 2, "'KT71'", "Did you mean KT17")


@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_damaged_index(own_index: Path, command: str) -> None:
    vectors = Layout(own_index).published() / VECTORS
    vectors.write_bytes(vectors.read_bytes()[:-1] + b"\x7f")
    refused(run(command, CORD, "--json"), 1, "vectors.faiss was altered")


def test_check_of_a_damaged_index(own_index: Path) -> None:
    (Layout(own_index).published() / "lexical/vocab.index.json").unlink()
    result = run("check", "--json")
    body = json.loads(result.stdout)
    assert (result.exit_code, body["ok"], len(body["problems"])) == (1, False, 1)
    shown = run("check")
    assert shown.exit_code == 1 and "1 problem" in shown.stdout


def test_a_generator_nobody_knows(small_index: Path) -> None:
    result = run("ask", CORD, "--index", small_index, "--generator", "smollm9")
    refused(result, 2, "no model 'smollm9'", "smollm2")


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["ask"],
        ["ask", CORD, "--colour"],
        ["search", CORD, "-k", "0"],
        ["search", CORD, "-k", "many"],
        ["search", CORD, "--kind", "rumour"],
        ["search", CORD, "--as-of", "yesterday"],
        ["index"],
        ["serve", "--port", "70000"],
    ],
    ids=" ".join,
)
def test_a_bad_option(arguments: list[str]) -> None:
    refused(run(*arguments), 2)


def test_a_bad_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFTALK_TRESHOLD", "0.5")
    refused(run("config"), 2, "SHELFTALK_TRESHOLD", "not a setting")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example: shelftalk {command}" in result.stdout
    assert command in run("--help").stdout


def test_an_interrupted_index_is_told(
    small_corpus: Path, monkeypatch: pytest.MonkeyPatch, small_index: Path
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("indexer.build.build", interrupted)
    refused(run("index", small_corpus), 130, "interrupted")


def test_an_index_made_elsewhere_answers_here(tmp_path: Path, small_corpus: Path) -> None:
    folder = tmp_path / "made"
    build([small_corpus], Settings(index=folder), HashingEmbedder(), Silent())
    moved = folder.rename(tmp_path / "moved")
    body = one_object(run("ask", CORD, "--product", "KT12", "--index", moved, "--json"))
    assert "75 cm" in body["answer"]


def test_keep_and_rollback(small_corpus: Path, tmp_path: Path) -> None:
    corpus = Path(shutil.copytree(small_corpus, tmp_path / "corpus"))
    ids = []
    for number in range(4):
        (corpus / "news.md").write_text(f"Text number {number}.")
        ids.append(one_object(run("index", corpus, "--keep", 3, "--json"))["generation"])
    assert sorted(path.name for path in Layout(Path("index")).generations.iterdir()) == ids[1:]
    assert one_object(run("rollback", "index", "--json"))["generation"] == ids[2]
    assert "Text number 2" in run("search", "number", "-k", 1).stdout
    assert one_object(run("rollback", "--to", ids[3], "--json"))["generation"] == ids[3]
    refused(run("rollback", "index", "--to", ids[0]), 2, ids[0], "Kept are")
    assert f"back at generation {ids[2]}" in run("rollback").stdout


@pytest.mark.parametrize("command", [["rollback"], ["check", "--repair"]], ids=lambda c: c[0])
def test_what_mends_an_index_makes_none(command: list[str], tmp_path: Path) -> None:
    refused(run(*command, tmp_path / "none"), 2, "There is no index")
    (tmp_path / "other").mkdir()
    refused(run(*command, tmp_path / "other"), 2, "There is no index")
    assert [*tmp_path.rglob("*")] == [tmp_path / "other"]


def test_check_repairs(own_index: Path) -> None:
    (Layout(own_index).published() / VECTORS).write_bytes(b"damaged")
    assert run("check", own_index).exit_code == 1
    body = one_object(run("check", own_index, "--repair", "--json"))
    assert (body["ok"], "vectors.faiss" in body["repair"]) == (True, True)
    assert "is whole" in run("check", own_index, "--repair").stdout


def test_watching_publishes_what_is_saved_and_goes_on_after_an_error(
    small_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = Path(shutil.copytree(small_corpus, tmp_path / "corpus"))

    def saves(*_: object) -> Iterator[int]:
        yield 0
        (corpus / "news.md").write_text("Text of the news.")
        yield 1
        shutil.rmtree(corpus)
        yield 1
        shutil.copytree(small_corpus, corpus)
        yield 1

    monkeypatch.setattr("indexer.watch.changes", saves)
    result = run("index", corpus, "--watch", "--json")
    assert result.exit_code == 0
    first, second, third = (json.loads(line) for line in result.stdout.splitlines())
    assert second["documents"] == first["documents"] + 1
    assert third["documents"] == first["documents"]
    assert "does not exist" in result.stderr


def test_a_change_that_finds_another_writer_at_work_waits_for_it(
    small_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = Path(shutil.copytree(small_corpus, tmp_path / "corpus"))
    other = ExitStack()

    def saves(*_: object) -> Iterator[int]:
        yield 0
        (corpus / "news.md").write_text("Text of the news.")
        other.enter_context(writing(Layout(Path("index"))))
        yield 1

    monkeypatch.setattr("indexer.watch.changes", saves)
    monkeypatch.setattr("time.sleep", lambda _: other.close())
    result = run("index", corpus, "--watch", "--json")
    assert result.exit_code == 0
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert second["documents"] == first["documents"] + 1
    assert result.stderr.count("Another writer is at work") == 1


def test_connections_do_not_wait_for_acknowledgements() -> None:
    with listening("127.0.0.1", 0) as listener:
        listener.listen()
        with socket.create_connection(listener.getsockname()):
            connection, _ = listener.accept()
            with connection:
                assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
