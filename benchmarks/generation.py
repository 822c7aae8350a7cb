"""How fast the default model drafts: our decoding against `model.generate`. See --help.

Questions of the dev split with the evidence the engine would show. Seconds are medians of single
runs that take turns; the ratios are of the same run.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from langchain_core.messages import BaseMessage, convert_to_openai_messages
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.questions import questions, scope_of
from rag import prompt
from rag.config import Settings
from rag.embedding import open_embedder
from rag.engine import Engine
from rag.evidence import Selector
from rag.generation import open_generator
from rag.index import Index
from rag.models import resolve
from rag.retrieval import Retriever
from rag.text import sentences
from rag.transformers_chat import TransformersChat
from rag.types import Evidence, Question, Statement
from rag.verification import verify


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of a call, and what it gave."""
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


def prompts(
    retriever: Retriever, asked: list[Question], chat: TransformersChat
) -> Iterator[tuple[str, list[Evidence], Any]]:
    """Each question, its evidence, and what the generator is shown."""
    answering, selector = Settings().answering, Selector(retriever)
    for question in asked:
        passages = retriever.retrieve(question, answering.passages)
        evidence = selector.select(question, passages, answering.evidence)
        messages = prompt.build(question.text, evidence, chat.count_tokens, answering.prompt_tokens)
        if messages is not None:
            yield question.text, evidence, messages


def drafted(chat: TransformersChat, messages: Any) -> str:  # noqa: ANN401
    """The draft by our own loop."""
    return str(chat.invoke(messages).text)


class Plain:
    """The library's own way: its chat template and its loop, from nothing each time."""

    def __init__(self, name: str, max_tokens: int) -> None:
        folder = resolve(name).folder
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self._model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        self._max_tokens = max_tokens

    def draft(self, messages: Sequence[BaseMessage]) -> str:
        """The draft."""
        read = self._tokenizer.apply_chat_template(
            convert_to_openai_messages(messages), add_generation_prompt=True, return_tensors="pt"
        )
        with torch.inference_mode():
            out = self._model.generate(
                **read, max_new_tokens=self._max_tokens, do_sample=False, pad_token_id=0
            )
        new = out[0, read["input_ids"].shape[1] :]
        return str(self._tokenizer.decode(new, skip_special_tokens=True))


def first_and_whole(engine: Engine, question: Question) -> tuple[float | None, float]:
    """Seconds to the first verified sentence, and to the whole answer."""
    started, first = time.perf_counter(), None
    for event in engine.stream(question):
        if first is None and isinstance(event, Statement):
            first = time.perf_counter() - started
    return first, time.perf_counter() - started


def extractive(retriever: Retriever, settings: Settings) -> None:
    """Print how long answers without a language model take, one question at a time."""
    engine = Engine(retriever, open_generator("extractive"), settings)
    asked = [
        Question(row["question"], scope_of(row), tuple(row.get("history", ())))
        for row in questions("dev")
    ]
    engine.ask(asked[-1])
    whole = [1000 * first_and_whole(engine, question)[1] for question in asked]
    print(
        f"extractive, {len(whole)} questions: whole answer p50 {statistics.median(whole):.1f} ms, "
        f"p95 {statistics.quantiles(whole, n=20)[-1]:.1f} ms"
    )


def verification(drafts: list[tuple[str, str, list[Evidence]]]) -> None:
    """Print how long the check of a drafted sentence takes."""
    taken = [
        1000 * timed(partial(verify, question, sentence, evidence))[0]
        for question, draft, evidence in drafts
        for sentence in (draft[start:end] for start, end in sentences(draft))
    ]
    print(
        f"verification of {len(taken)} sentences: p50 {statistics.median(taken):.2f} ms, "
        f"longest {max(taken):.2f} ms"
    )


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--limit", type=int, default=40, help="how many questions")
    parser.add_argument("--threads", type=int, nargs="+", default=[torch.get_num_threads()])
    options = parser.parse_args()
    settings = Settings.model_validate({"index": options.index})
    retriever = Retriever(Index.open(settings.index), open_embedder(settings.embedder))
    extractive(retriever, settings)
    chat = open_generator("smollm2", settings.answering)
    assert isinstance(chat, TransformersChat)
    rows = questions("dev")
    rows = rows[:: max(1, len(rows) // options.limit)]
    asked = [Question(row["question"], scope_of(row)) for row in rows]
    plain = Plain("smollm2", chat.max_tokens)
    shown = list(prompts(retriever, asked, chat))
    chat.invoke(shown[0][2])  # the kept beginning is read here
    sizes = [chat.count_tokens(messages) for _, _, messages in shown]
    print(f"{len(shown)} prompts of {statistics.median(sizes):.0f} tokens (median)")
    for threads in options.threads:
        torch.set_num_threads(threads)
        ours, theirs, same = [], [], 0
        drafts = []
        for question, evidence, messages in shown:
            mine, text = timed(partial(drafted, chat, messages))
            drafts.append((question, text, evidence))
            other, reference = timed(partial(plain.draft, messages))
            ours.append(mine)
            theirs.append(other)
            same += text == reference
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        print(
            f"{threads} threads: draft {statistics.median(ours):.2f} s, "
            f"model.generate {statistics.median(theirs):.2f} s, ratio {ratio:.2f}; "
            f"same text {same} of {len(shown)}"
        )
        verification(drafts)
        both = [first_and_whole(Engine(retriever, chat, settings), q) for q in asked]
        first = [seconds for seconds, _ in both if seconds is not None]
        whole = [seconds for _, seconds in both]
        print(
            f"{threads} threads: first sentence p50 {statistics.median(first):.2f} s, "
            f"whole answer p50 {statistics.median(whole):.2f} s, "
            f"p95 {statistics.quantiles(whole, n=20)[-1]:.2f} s; answered {len(first)}"
        )


if __name__ == "__main__":
    main()
