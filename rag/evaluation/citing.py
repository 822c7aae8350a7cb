"""An answer's body and its gold → how well it cites. Pure functions; None: not to be judged."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rag.evaluation.ranking import holds
from rag.evaluation.sources import Gold
from rag.evaluation.words import entails

Body = Mapping[str, Any]
"""As `rag.body.answer_body` makes it."""
ProductsOf = Callable[[str], Sequence[str]]
"""The products a document belongs to, by the document's id."""


def source_precision(body: Body, gold: Sequence[Gold]) -> float | None:
    """Share of the citations that are of a gold source, on its page."""
    cited = body["citations"]
    if not cited or not gold:
        return None
    return sum(any(holds(source, piece) for source in gold) for piece in cited) / len(cited)


def source_recall(body: Body, gold: Sequence[Gold]) -> float | None:
    """Share of the gold sources that are cited."""
    if not body["citations"] or not gold:
        return None
    return sum(any(holds(source, c) for c in body["citations"]) for source in gold) / len(gold)


def entailed_precision(body: Body) -> float | None:
    """Share of the marks that carry their sentence, alone or as a part that cannot be spared."""
    texts = _texts(body)
    marks = [
        _carries(statement["text"], texts[number], tuple(texts[n] for n in statement["citations"]))
        for statement in body["statements"]
        for number in statement["citations"]
    ]
    return sum(marks) / len(marks) if marks else None


def entailed_recall(body: Body) -> float | None:
    """Share of the sentences that what they cite says."""
    texts = _texts(body)
    said = [
        entails(statement["text"], tuple(texts[number] for number in statement["citations"]))
        for statement in body["statements"]
    ]
    return sum(said) / len(said) if said else None


def wrong_product(
    body: Body, product: str | None, gold: Sequence[Gold], products_of: ProductsOf
) -> float | None:
    """1 where anything of another product is cited; None where no product is asked about.

    Without a product's page, the products are those of the gold documents.
    """
    meant = (
        {product} if product else {p for g in gold for id in g.documents for p in products_of(id)}
    )
    if not body["citations"] or not meant:
        return None
    cited = [set(products_of(citation["document_id"])) for citation in body["citations"]]
    return float(any(owners and not owners & meant for owners in cited))


def _texts(body: Body) -> dict[int, str]:
    return {
        one["number"]: "\n".join((one["title"], *one["heading"], one["quote"]))
        for one in body["citations"]
    }


def _carries(sentence: str, text: str, cited: tuple[str, ...]) -> bool:
    if not entails(sentence, cited):
        return False
    rest = tuple(other for other in cited if other != text)
    return entails(sentence, (text,)) or not (rest and entails(sentence, rest))
