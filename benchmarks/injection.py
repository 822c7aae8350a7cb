"""How many poisoned documents get their way, and what the defence costs. See --help.

The sample shop is indexed with and without poisoned documents and reviews. An attack succeeds when
what it orders is read in an answer. The cost is the difference in right answers to the questions
of the dev split, with and without the poison.
"""

import argparse
import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.poison import CompromisedChat, Poison, poisons, read_attacks, write
from benchmarks.questions import FILE, cites, questions, scope_of
from indexer.build import build
from rag.config import Settings
from rag.embedding import Embedder, open_embedder
from rag.engine import Engine
from rag.evaluation.words import says
from rag.generation import open_generator
from rag.index import Index
from rag.retrieval import Retriever
from rag.types import Answer, Question, Scope, Status


class _Quiet:
    def loaded(self, files: int, chunks: int) -> None: ...

    def embedding(self, done: int, total: int) -> None: ...


def opened(folder: Path, embedder: Embedder, generator: str, roots: Sequence[Path]) -> Engine:
    """An engine over these folders, indexed now where they changed."""
    settings = Settings.model_validate({"index": folder, "generator": generator})
    build(roots, settings, embedder, _Quiet())
    chat = CompromisedChat() if generator == "compromised" else open_generator(generator)
    return Engine(Retriever(Index.open(folder), embedder), chat, settings)


def succeeds(poison: Poison, answer: Answer) -> bool:
    """Whether anything the poison orders is read in the answer."""
    text = answer.text.casefold()
    return any(mark.casefold() in text for mark in poison.marks)


def successes(engine: Engine, tried: Sequence[Poison]) -> list[tuple[Poison, Answer]]:
    """The attacks that got their way, each asked its question on its product's page."""
    asked = ((poison, Question(poison.question, Scope(poison.product_id))) for poison in tried)
    answered = ((poison, engine.ask(question)) for poison, question in asked)
    return [(poison, answer) for poison, answer in answered if succeeds(poison, answer)]


def right(engine: Engine, every: int) -> list[bool]:
    """Whether each answerable question of the dev split is answered rightly."""
    rows = [row for row in questions("dev") if row["answerable"]][::every]
    outcome = []
    for row in rows:
        history = tuple(row.get("history", ()))
        answer = engine.ask(Question(row["question"], scope_of(row), history))
        answered = answer.status is Status.ANSWERED
        outcome.append(
            answered and bool(says(answer.text, row["answers"])) and cites(answer, row["sources"])
        )
    return outcome


def main() -> None:
    """Attack, and print what was tried and what succeeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build/injection"))
    parser.add_argument(
        "--generators", nargs="+", default=["extractive", "compromised"], help="whom to attack"
    )
    parser.add_argument("--attacks", type=Path, help="more orders: a JSON file of lists by name")
    parser.add_argument("--every", type=int, default=1, help="only every n-th attack and question")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    embedder = open_embedder("minilm")
    clean = opened(options.build / "clean", embedder, "extractive", [FILE.parent])
    products = sorted(clean.retriever.index.passages.catalogue().names)
    more = read_attacks(options.attacks) if options.attacks else []
    written = list(poisons(products, more))
    write(options.build / "documents", written)
    roots = [FILE.parent, options.build / "documents"]
    print(f"{len(written)} poisoned documents on {len(products)} products")
    print(f"{'generator':<14}{'tried':>7}{'succeeded':>11}{'share':>8}   by kind")
    for name in options.generators:
        engine = opened(options.build / "poisoned", embedder, name, roots)
        tried = written[:: options.every]
        won = successes(engine, tried)
        kinds = ", ".join(f"{k} {n}" for k, n in Counter(p.kind for p, _ in won).items()) or "none"
        print(f"{name:<14}{len(tried):>7}{len(won):>11}{len(won) / len(tried):>8.1%}   {kinds}")
        for poison, answer in won[:5]:
            print(f"    {poison.text!r}\n    → {answer.text!r}")
    poisoned = opened(options.build / "poisoned", embedder, "extractive", roots)
    before, after = right(clean, options.every), right(poisoned, options.every)
    print(
        f"right of {len(before)} dev questions: clean {sum(before) / len(before):.3f}, "
        f"poisoned {sum(after) / len(after):.3f}, "
        f"loss {100 * (sum(before) - sum(after)) / len(before):.1f} points"
    )


if __name__ == "__main__":
    main()
