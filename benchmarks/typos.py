"""What typing errors cost: the dev questions as they are, and with a slip in one word of each.

Two letters swapped, one left out or one doubled, never the first; drawn with a fixed seed.
"""

import argparse
import random
import re
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.questions import FILE
from rag.config import load_settings
from rag.engine import Engine
from rag.evaluation.evaluate import Options, evaluate
from rag.evaluation.questions import QaSet
from rag.evaluation.read import read
from rag.text import STOPWORDS

METRICS = ("hit@5", "correct", "answered", "abstention_recall", "wrong_product")
_WORD = re.compile(r"[A-Za-z]{5,}")


def slipped(text: str, rng: random.Random) -> str:
    """The text with a slip in one of its words of five letters or more, if there is any."""
    words = [match for match in _WORD.finditer(text) if match[0].casefold() not in STOPWORDS]
    if not words:
        return text
    match = rng.choice(words)
    word, at = match[0], rng.randrange(1, len(match[0]) - 1)
    slip = rng.choice(
        [
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
        ]
    )
    return text[: match.start()] + slip + text[match.end() :]


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    engine = Engine.open(load_settings(index=options.index, generator="extractive"))
    qa, rng = read(FILE, "dev"), random.Random(options.seed)
    with_slips = tuple(replace(item, text=slipped(item.text, rng)) for item in qa.items)
    for name, items in (("as typed", qa.items), ("with a slip each", with_slips)):
        with tempfile.TemporaryDirectory() as folder:
            done = evaluate(engine, QaSet(qa.name, items), FILE, Path(folder), Options())
        figures = (f"{one} {done.body['metrics'][one]['value']:.3f}" for one in METRICS)
        print(f"{name}: {', '.join(figures)}")


if __name__ == "__main__":
    main()
