"""How often the best passages are another product's: on its page, named, or neither.

Asks the sample shop's questions on siblings, which look alike and differ in a few numbers.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks.questions import questions
from rag.embedding import open_embedder
from rag.index import Index
from rag.recognition import Recogniser
from rag.retrieval import Retriever
from rag.types import Question, Scope


def misspelt(name: str) -> str:
    """With two letters of its longest word swapped."""
    longest = max(name.split(), key=len)
    return name.replace(longest, longest[:2] + longest[3] + longest[2] + longest[4:])


def main() -> None:
    """Print a line for each way of asking."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--split", choices=("dev", "test"), default="dev")
    parser.add_argument("--embedder", default="minilm", help="the one that made the index")
    options = parser.parse_args()
    retriever = Retriever(Index.open(options.index), open_embedder(options.embedder))
    recogniser = Recogniser(retriever.index.passages.catalogue(), retriever.index)
    names = retriever.index.passages.catalogue().names
    rows = [row for row in questions(options.split) if row["kind"] == "sibling"]
    rows = [row for row in rows if row.get("product_id") in names]
    ways: dict[str, Callable[[str, str], Question]] = {
        "asked on its page": lambda text, id: Question(text, Scope(id)),
        "named in the question": lambda text, id: Question(f"{names[id]}: {text}"),
        "named, misspelt": lambda text, id: Question(f"{misspelt(names[id])}: {text}"),
        "by its number": lambda text, id: Question(f"{id}: {text}"),
        "not named at all": lambda text, id: Question(text),
    }
    print(f"{len(rows)} questions on siblings, {options.split} split")
    print(f"{'':24}{'first wrong':>12}{'any of 10':>10}{'told':>6}{'asks back':>11}")
    for way, ask in ways.items():
        first = anywhere = told = asks = 0
        for row in rows:
            product = row["product_id"]
            question = ask(row["question"], product)
            passages = retriever.retrieve(question, 10)
            wrong = [bool(p.document.product_ids) and product not in p.document.product_ids
                     for p in passages]  # fmt: skip
            found = recogniser.recognise(question.text)
            first, anywhere = first + wrong[0], anywhere + any(wrong)
            told, asks = told + (found.named == (product,)), asks + (product in found.choices)
        shares = (count / len(rows) for count in (first, anywhere, told, asks))
        figures = [f"{share:.2f}" for share in shares]
        print(f"{way:24}{figures[0]:>12}{figures[1]:>10}{figures[2]:>6}{figures[3]:>11}")


if __name__ == "__main__":
    main()
