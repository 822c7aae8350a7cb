"""How well the verification tells what a text supports: BEGIN and WiCE as JSON lines of pairs.

Each line has `set`, `evidence` (a text or a list), `claim` and `label` (1 supported, 0 not, null:
left out). The share of a claim's words that its evidence says ranks the pairs; the verdict decides
them.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from sklearn.metrics import f1_score, roc_auc_score

from rag.text import content_terms, sentences
from rag.types import Document, Evidence, Kind, Verdict
from rag.verification import verify

Pair = dict[str, Any]


def evidence_of(text: str) -> Evidence:
    """The whole evidence as one quote."""
    return Evidence(Document("pair", Kind.PAGE, "", text, "pair"), 0, len(text), 1.0)


def share(pair: Pair) -> float:
    """Share of the claim's words that the evidence says."""
    said = set(content_terms(pair["claim"]))
    return len(said & set(content_terms(pair["evidence"]))) / max(1, len(said))


def supported(pair: Pair) -> bool:
    """Whether every sentence of the claim is supported."""
    piece, claim = evidence_of(pair["evidence"]), pair["claim"]
    parts = [claim[start:end] for start, end in sentences(claim)]
    verdicts = [verify("", part, [piece]).verdict for part in parts]
    return bool(verdicts) and all(verdict is Verdict.SUPPORTED for verdict in verdicts)


def main() -> None:
    """Print a line per set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path, help="the file of pairs")
    options = parser.parse_args()
    by_set: dict[str, list[Pair]] = defaultdict(list)
    for line in options.pairs.read_text(encoding="utf-8").splitlines():
        pair = json.loads(line)
        if isinstance(pair["evidence"], list):
            pair["evidence"] = " ".join(pair["evidence"])
        if pair["label"] is not None:
            by_set[pair["set"]].append(pair)
    print(f"{'set':<16}{'pairs':>7}{'AUROC':>8}{'F1':>7}{'precision':>11}{'recall':>8}")
    for name, pairs in sorted(by_set.items()):
        labels = [pair["label"] for pair in pairs]
        auroc = roc_auc_score(labels, [share(pair) for pair in pairs])
        verdicts = [supported(pair) for pair in pairs]
        right = sum(bool(label) and said for label, said in zip(labels, verdicts, strict=True))
        print(
            f"{name:<16}{len(pairs):>7}{auroc:>8.3f}{f1_score(labels, verdicts):>7.3f}"
            f"{right / max(1, sum(verdicts)):>11.3f}{right / max(1, sum(labels)):>8.3f}"
        )


if __name__ == "__main__":
    main()
