"""What a page says about itself in its head: language, address, date, product."""

import json
from collections.abc import Iterator

from lxml import html

_META = {"article:modified_time": "modified"}


def about(root: html.HtmlElement) -> dict[str, object]:
    """The metadata of a page, under the keys that other sources use."""
    found: dict[str, object] = {}
    if locale := root.get("lang"):
        found["locale"] = locale
    for link in root.iter("link"):
        if "canonical" in link.get("rel", "").split() and link.get("href"):
            found["url"] = link.get("href")
    for meta in root.iter("meta"):
        key = _META.get(meta.get("property", ""))
        if key and meta.get("content"):
            found[key] = meta.get("content")
    return found | _product(root)


def _product(root: html.HtmlElement) -> dict[str, object]:
    """The one product a page is about, as schema.org's JSON-LD names it."""
    products = [
        thing
        for script in root.iter("script")
        if script.get("type", "").strip().lower() == "application/ld+json"
        for thing in _things(script.text or "")
        if not {"Product", "ProductGroup"}.isdisjoint(_types(thing))
    ]
    if len(products) != 1:
        return {}  # a list of products is about none of them
    group = _id(products[0], "productGroupID") or _id(products[0], "inProductGroupWithID")
    own = _id(products[0], "sku") or _id(products[0], "productID")
    if group and own and group != own:
        return {"product_id": group, "variant_id": own}
    return {"product_id": group or own} if group or own else {}


def _things(text: str) -> Iterator[dict[str, object]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    for thing in data if isinstance(data, list) else [data]:
        if isinstance(thing, dict):
            yield thing
            graph = thing.get("@graph")
            if isinstance(graph, list):
                yield from (part for part in graph if isinstance(part, dict))


def _types(thing: dict[str, object]) -> set[str]:
    given = thing.get("@type")
    return {str(one) for one in (given if isinstance(given, list) else [given])}


def _id(thing: dict[str, object], key: str) -> str | None:
    value = thing.get(key)
    return str(value).strip() or None if isinstance(value, str | int) else None
