"""How well the sample shop's questions are answered. Run: make bench, or see --help.

A first yardstick: an answer counts as right when it holds one of the accepted short answers (yes
and no must come first) and cites one of the gold documents.
"""

import argparse
import json
import re
import statistics
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.questions import gold_names, questions, scope_of
from rag.config import load_settings
from rag.engine import Engine
from rag.types import Answer, Question, Status


def normal(text: str) -> str:
    """Casefolded, dashes alike, white space and punctuation out."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub("[‐-―−]", "-", text)
    return re.sub(r"[^\w%£€.+-]+", "", text)


def says(text: str, accepted: Sequence[str]) -> bool:
    """Whether a text holds an accepted answer."""
    whole = normal(text)
    for answer in accepted:
        short = normal(answer)
        if short in ("yes", "no", "ja", "nein"):
            if whole.startswith(short):
                return True
        elif short in whole:
            return True
    return False


def cites(answer: Answer, sources: Sequence[str]) -> bool:
    """Whether a gold source, at its page where one is given, is cited."""
    return any(
        name in (citation.document_id, citation.source) and page in (None, citation.page)
        for citation in answer.citations
        for name, page in gold_names(sources)
    )


def main() -> None:
    """Ask every question of a split and print a table by kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--split", choices=("dev", "test"), default="dev")
    parser.add_argument("--generator", default="extractive")
    parser.add_argument(
        "--limit", type=int, default=0, help="only every n-th question up to this many"
    )
    parser.add_argument("--out", type=Path, help="write one JSON line per question")
    options = parser.parse_args()
    engine = Engine.open(load_settings(index=options.index, generator=options.generator))
    rows = questions(options.split)
    if options.limit:
        rows = rows[:: max(1, len(rows) // options.limit)]
    table: dict[str, list[dict[str, Any]]] = defaultdict(list)
    written = []
    for row in rows:
        history = tuple(row.get("history", ()))
        answer = engine.ask(Question(row["question"], scope_of(row), history))
        answered = answer.status is Status.ANSWERED
        right = answered and says(answer.text, row["answers"]) and cites(answer, row["sources"])
        quoted = " ".join(citation.quote for citation in answer.citations)
        quotes = answered and says(quoted, row["answers"]) and cites(answer, row["sources"])
        entry = {
            "answered": answered,
            "right": right,
            "quotes": quotes,
            "ms": answer.timings_ms["total"],
        }
        table[row["kind"]].append(entry)
        table["(answerable)" if row["answerable"] else "(unanswerable)"].append(entry)
        written.append({**row, **entry, "answer": answer.text, "quoted": quoted})
    if options.out:
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in written)
        options.out.write_text(text, encoding="utf-8")
    print(f"{'kind':<16}{'n':>5}{'answered':>10}{'right':>8}{'quote right':>13}{'p50 ms':>9}")
    for kind, entries in sorted(table.items()):
        n = len(entries)
        shares = [sum(e[key] for e in entries) / n for key in ("answered", "right", "quotes")]
        median = statistics.median(e["ms"] for e in entries)
        print(
            f"{kind:<16}{n:>5}{shares[0]:>10.2f}{shares[1]:>8.2f}{shares[2]:>13.2f}{median:>9.0f}"
        )


if __name__ == "__main__":
    main()
