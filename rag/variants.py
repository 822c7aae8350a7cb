"""Which variants of a product a question names: "the red one", "size L"."""

import re
from collections.abc import Iterable

from rag.text import terms
from rag.types import Document, Kind

_LETTER = re.compile(r"(?<![\w'’-])[A-Z](?![\w'’-])")


def not_meant(question: str, documents: Iterable[Document]) -> set[str]:
    """Ids of documents of other variants than the question names; none where it names none.

    What the title of a variant's spec says, and those of the others do not all say, names it. A
    letter is a size only where it stands alone as a capital.
    """
    found = list(documents)
    titles: dict[str, set[str]] = {}
    for one in found:
        if one.kind is Kind.SPEC and len(one.variant_ids) == 1:
            titles.setdefault(one.variant_ids[0], set()).update(terms(one.title))
    if len(titles) < 2:
        return set()
    shared = set.intersection(*titles.values())
    capitals = {letter.casefold() for letter in _LETTER.findall(question)}
    said = {term for term in terms(question) if len(term) > 1 or term in capitals} - shared
    named = {variant: len(title & said) for variant, title in titles.items()}
    most = max(named.values())
    others = {variant for variant, count in named.items() if count < most}
    return {one.id for one in found if one.variant_ids and others.issuperset(one.variant_ids)}
