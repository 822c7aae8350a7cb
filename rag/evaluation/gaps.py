"""Questions the documents do not answer → what to write next: clusters, by product.

Whether the documents answer is told by the gold where there is gold; where there is none, as in a
log, by the engine's silence.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from rag.evaluation.questions import Item
from rag.vectors import Vectors

MOST_APART = 0.6
"""Most cosine distance of two clusters that are one, on average between their members."""
MOST = 2000
"""Most different questions of one product that are clustered; the most frequent ones."""
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing asked again and again that no document says."""

    product_id: str | None
    """None: of the shop as a whole."""
    topic: str
    """The question nearest to all others of the cluster."""
    questions: int
    examples: tuple[str, ...]
    """Different wordings, the most frequent first."""


def unanswered(items: Sequence[Item], bodies: Mapping[str, Mapping[str, object]]) -> list[Item]:
    """The questions that the documents do not answer."""

    def silent(item: Item) -> bool:
        body = bodies[item.id]
        return body.get("status") == "abstained" and not body.get("choices")

    return [
        item
        for item in items
        if item.answerable is False or (item.answerable is None and silent(item))
    ]


def find(items: Sequence[Item], encode: Callable[[Sequence[str]], Vectors]) -> list[Gap]:
    """Cluster unanswered questions product by product, the most asked clusters first."""
    by_product: dict[str | None, Counter[str]] = {}
    for item in items:
        by_product.setdefault(item.product_id, Counter())[item.text] += 1
    texts = {
        product: [text for text, _ in asked.most_common(MOST)]
        for product, asked in by_product.items()
    }
    # All at once, each wording once: one by one an encoder is slow.
    wordings = list(dict.fromkeys(text for some in texts.values() for text in some))
    rows = {text: row for row, text in enumerate(wordings)}
    vectors = encode(wordings) if wordings else np.empty((0, 0), np.float32)
    gaps = [
        gap
        for product, some in texts.items()
        for gap in _of_product(
            product, by_product[product], some, vectors[[rows[text] for text in some]]
        )
    ]
    return sorted(gaps, key=lambda gap: (-gap.questions, gap.product_id or "", gap.topic))


def _of_product(
    product: str | None, asked: Counter[str], texts: list[str], vectors: Vectors
) -> list[Gap]:
    groups = np.zeros(len(texts), dtype=int)
    if len(texts) > 1:
        groups = fcluster(linkage(vectors, "average", "cosine"), MOST_APART, "distance")
    gaps = []
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        middle = vectors[members] @ vectors[members].sum(axis=0)
        gaps.append(
            Gap(
                product,
                texts[members[int(middle.argmax())]],
                sum(asked[texts[member]] for member in members),
                tuple(texts[member] for member in members[:EXAMPLES]),
            )
        )
    return gaps
