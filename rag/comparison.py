"""The same attribute of several products, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag import wording
from rag.evidence import Selector
from rag.quotes import Row
from rag.retrieval import Retriever
from rag.statements import Said, row
from rag.text import without_words
from rag.types import Evidence, Question


def side_by_side(
    question: Question,
    products: Sequence[str],
    retriever: Retriever,
    selector: Selector,
    passages: int,
    least: float,
) -> list[Said]:
    """What each product has of what is asked; empty where that cannot be told.

    Args:
        question: names the products.
        products: their ids; of fewer than two nothing is compared.
        retriever: of the generation.
        selector: of the same.
        passages: how many are looked at for each.
        least: as `compared` has it.
    """
    if len(products) < 2:
        return []
    names = retriever.index.passages.catalogue(question.scope.shop).called(products)
    bare = without_words(question.text, " ".join((*names, *names.values())))
    by_name: dict[str, list[Evidence]] = {}
    for product, name in names.items():
        scope = replace(question.scope, product_id=product)
        of_one = replace(question, text=bare or question.text, scope=scope)
        by_name[name] = selector.ranked(of_one, retriever.retrieve(of_one, passages))
    return compared(by_name, least)


def compared(by_product: Mapping[str, Sequence[Evidence]], least: float) -> list[Said]:
    """A line for each product; empty where they share no row that answers.

    Args:
        by_product: evidence of each product, best first, by its name.
        least: the score that the best of the cells must have, and half of it the others.
    """
    rows: dict[str, dict[str, tuple[Row, Evidence]]] = {}
    for name, evidence in by_product.items():
        for piece in evidence:
            if found := row(piece):
                rows.setdefault(found.attribute.casefold(), {}).setdefault(name, (found, piece))
    shared = [cells for cells in rows.values() if len(cells) == len(by_product)]
    if not shared:
        return []
    cells = max(shared, key=lambda cells: min(piece.score for _, piece in cells.values()))
    scores = [piece.score for _, piece in cells.values()]
    if max(scores) < least or min(scores) < least / 2:
        return []
    return [Said(wording.cell(name, found), piece) for name, (found, piece) in cells.items()]
