"""How long a run of `shelftalk eval` takes, and how much of that is not answering.

The sample shop's dev questions, worded a few ways until there are enough, are asked of the index.
"""

import argparse
import gc
import tempfile
import time
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

from benchmarks.questions import FILE
from rag.config import load_settings
from rag.engine import Engine
from rag.evaluation import report
from rag.evaluation.evaluate import Options, evaluate
from rag.evaluation.questions import QaSet
from rag.evaluation.read import read


def many(qa: QaSet, wanted: int) -> QaSet:
    """So many questions, no two alike."""
    items = (
        replace(item, id=f"{item.id}-{n}", text=item.text + " please" * n)
        for n in count()
        for item in qa.items
    )
    return QaSet(qa.name, tuple(islice(items, wanted)))


def main() -> None:
    """Print both times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--generator", default="extractive")
    options = parser.parse_args()
    qa = many(read(FILE, "dev"), options.questions)
    engine = Engine.open(load_settings(index=options.index, generator=options.generator))
    gc.freeze()  # as the command does
    steps: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        started = time.perf_counter()
        done = evaluate(
            engine, qa, FILE, out, Options(), lambda *_: steps.append(time.perf_counter())
        )
        report.write(done, None, out)
        whole = time.perf_counter() - started
    asking = steps[-1] - steps[0]
    print(
        f"{len(qa.items)} questions in {whole:.1f} s: {asking:.1f} s answering, "
        f"{whole - asking:.1f} s evaluating, {(whole - asking) / asking:.1%} of it"
    )


if __name__ == "__main__":
    main()
