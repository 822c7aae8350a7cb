"""Hit rates of retrieval on the sample shop's questions, for several weights of the fusion."""

import argparse
import math
from pathlib import Path

from benchmarks.questions import gold_names, questions, scope_of
from rag import retrieval
from rag.embedding import open_embedder
from rag.index import Index
from rag.retrieval import Retriever
from rag.types import Passage, Question

NONE_FOUND = 1_000


def rank_of_gold(passages: list[Passage], sources: list[str]) -> int:
    """The rank of the first passage of a gold source, on the page where one is named."""
    for passage in passages:
        for name, page in gold_names(sources):
            same = name in (passage.document.id, passage.document.source)
            if same and page in (None, passage.chunk.page):
                return passage.rank
    return NONE_FOUND


def main() -> None:
    """Print a line per weight."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--split", choices=("dev", "test"), default="dev")
    parser.add_argument("--weights", type=float, nargs="*", default=[retrieval.LEXICAL_WEIGHT])
    parser.add_argument("--embedder", default="minilm", help="the one that made the index")
    options = parser.parse_args()
    retriever = Retriever(Index.open(options.index), open_embedder(options.embedder))
    rows = [row for row in questions(options.split) if row["answerable"]]
    print(f"{len(rows)} answerable questions of the {options.split} split")
    print(f"{'lexical':>8}{'hit@1':>8}{'hit@5':>8}{'hit@10':>8}{'MRR@10':>8}{'nDCG@10':>9}")
    for weight in options.weights:
        retrieval.LEXICAL_WEIGHT = weight
        ranks = []
        for row in rows:
            asked = Question(row["question"], scope_of(row), tuple(row.get("history", ())))
            ranks.append(rank_of_gold(retriever.retrieve(asked, 10), row["sources"]))
        hits = [sum(rank <= k for rank in ranks) / len(ranks) for k in (1, 5, 10)]
        reciprocal = sum(1 / rank for rank in ranks if rank <= 10) / len(ranks)
        # Of one relevant passage each, the ideal gain is 1.
        gain = sum(1 / math.log2(1 + rank) for rank in ranks if rank <= 10) / len(ranks)
        values = "".join(f"{value:>8.3f}" for value in (*hits, reciprocal))
        print(f"{weight:>8.2f}{values}{gain:>9.4f}")


if __name__ == "__main__":
    main()
