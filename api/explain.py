"""Why a search found what it found: what was looked for, where, and the words that match."""

from datetime import date
from typing import Any

from rag.filters import to_body
from rag.planning import Plan
from rag.retrieval import Retriever
from rag.text import matches
from rag.types import Passage, Scope


def explanation_body(plan: Plan, retriever: Retriever) -> dict[str, Any]:
    """What a question came to, as JSON."""
    catalogue = retriever.index.passages.catalogue(plan.question.scope.shop)
    return {
        "sought": list(plan.sought),
        "lexical_weight": plan.lexical_weight,
        "filters": filters_body(plan.question.scope),
        "about": [{"product_id": id, "name": catalogue.name(id)} for id in plan.about],
        "admitted": len(plan.rows),
        "passages": catalogue.passages,
    }


def filters_body(scope: Scope) -> dict[str, Any]:
    """The filters that were applied, each with its value; documents must be in force."""
    found = {
        "product_id": scope.product_id,
        "variant_id": scope.variant_id,
        "kinds": sorted(scope.kinds) or None,
        "locale": scope.locale,
        "as_of": (scope.as_of or date.today()).isoformat(),
        "shop": scope.shop,
        "where": to_body(scope.where) if scope.where else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def matched(passage: Passage, plan: Plan) -> list[str]:
    """The words of a passage that are among what is looked for, each once, as they stand."""
    text = passage.chunk.text
    spans = matches(text, frozenset(plan.sought))
    return list(dict.fromkeys(text[span.start : span.end] for span in spans))
