"""A row of a feed, a spec table or a document collection → a draft.

Google's product feed names are understood (https://support.google.com/merchants/answer/7052112),
with and without their `g:`: `item_group_id` is the product and `id` its variant. A row with `text`
is a document of its own.
"""

from collections.abc import Collection, Mapping

from indexer.draft import Draft, Outline, clean
from indexer.loaders.names import by_plain_name
from indexer.loaders.plain import add_plain
from indexer.loaders.values import add_html, add_value, is_html
from rag.errors import DocumentError
from rag.types import BlockKind, Kind

TEXT_ID = ("id", "doc_id", "_id")
"""What may be the id of a row with a text; one of its product is not its own."""
PRODUCT_ID = (*TEXT_ID, "sku", "variant_id", "product_id", "item_id")
"""What may be the id of a product's row."""
_SUBJECT = ("sku", "item_id", "item_group_id")
"""What else than `product_id` may say whose a text is."""
TITLE = ("title", "name", "product_name", "titel", "produktname", "bezeichnung")
TEXT = ("text", "content", "body")
_REVIEW = ("review_text", "comment", "kommentar", "review", "bewertung")
"""What may be the text of a review; the last ones may as well hold its stars."""
_OF_A_REVIEW = frozenset(
    ("rating", "stars", "score", "author", "reviewer", "sterne", "autor", "verfasser", *_REVIEW)
)
"""One beside the text shows that it is a review: a product may have a comment, too."""
_QUESTION, _ANSWER = ("question", "frage"), ("answer", "antwort")
_LONGEST_NAME = 80
QUESTIONS = "is a set of questions, not of documents; list it in .shelftalkignore"
_OF_A_QA_SET = frozenset(("answers", "answerable", "sources"))
PROSE = ("description", "short_description", "long_description", "body_html", "body_(html)",
         "summary")  # fmt: skip
BELONGS = ("product_id", "product_ids", "variant_id", "variant_ids", "item_group_id")
ABOUT = ("kind", "locale", "lang", "language", "url", "link", "effective_from", "effective_until",
         "version", "shop")  # fmt: skip
_UNREADABLE = ("image_link", "additional_image_link", "image", "images", "image_url", "image_src",
               "thumbnail", "mobile_link")  # fmt: skip


def is_question(names: Collection[str]) -> bool:
    """Whether rows of these plain names are of a QA set: they ask and do not tell."""
    tells = not {*TEXT, *_ANSWER}.isdisjoint(names) and _OF_A_QA_SET.isdisjoint(names)
    return not set(_QUESTION).isdisjoint(names) and not tells


def draft_of(row: Mapping[str, object], place: str, taken: set[str]) -> Draft:
    """Turn one row into a draft.

    Args:
        row: names and values; nested objects and lists are written out as lines.
        place: where the row stands, such as "line 7"; its id where it has none of its own.
        taken: ids of the rows before it; its own is added. A product's next row has another one.

    Raises:
        DocumentError: it holds neither text nor attributes.
    """
    names = by_plain_name(row)
    given = {name: row[key] for name, key in names.items()}
    if is_question(given):
        raise DocumentError(f"{place} is a question, not a document; keep QA sets apart")
    question = _first(given, _QUESTION)
    review = _review_in(given)
    text = _first(given, (*TEXT, *_ANSWER) if question else (*TEXT, *review))
    own_id = _first(given, TEXT_ID if text else PRODUCT_ID)
    outline = Outline()
    metadata = {name: value for name, value in given.items() if name in {*BELONGS, *ABOUT}}
    if text:
        if question:
            outline.add(BlockKind.HEADING, question, 1)
            metadata["kind"] = metadata.get("kind") or Kind.FAQ.value
        _add_prose(text, outline)
        metadata |= _other_scalars(given, {*metadata, *review})
    else:
        _add_product(given, names, outline)
    subject = _first(given, _SUBJECT) if text else own_id
    if subject and not metadata.get("product_id"):
        _belongs_to(subject, metadata)
    row_id = own_id or place.replace(" ", "-")
    if row_id in taken and not _first(given, TEXT_ID):
        row_id = f"{row_id}-{place.replace(' ', '-')}"
    draft = outline.finish(
        title=_first(given, TITLE) or question or (None if text or own_id else _called(given)),
        own_id=own_id if text else None,
        row=row_id,
        metadata=metadata,
        kind=Kind.REVIEW if text and review else Kind.PAGE if text else Kind.SPEC,
    )
    if not draft.text:
        raise DocumentError(
            f"{place} has no text: a `text` field, a description or attributes are needed"
        )
    taken.add(row_id)
    return draft


def _review_in(given: Mapping[str, object]) -> tuple[str, ...]:
    """The column, if any, with the text of a review; one of numbers are its stars."""
    for name in _REVIEW:
        if any(letter.isalpha() for letter in _first(given, (name,)) or ""):
            is_one = not (_OF_A_REVIEW - {name}).isdisjoint(given)
            return (name,) if is_one and _first(given, TEXT) is None else ()
    return ()


def _called(given: Mapping[str, object]) -> str | None:
    """The first words of a row that is of no product, as a service in a price list is called."""
    for name, value in given.items():
        if name not in {*BELONGS, *ABOUT, *PROSE, *_UNREADABLE} and isinstance(value, str):
            words = clean(value)
            if len(words) <= _LONGEST_NAME and any(map(str.isalpha, words)):
                return words
    return None


def _add_product(given: Mapping[str, object], names: Mapping[str, str], outline: Outline) -> None:
    """The prose of a product, then its attributes under the names its source writes."""
    for name in PROSE:
        value = given.get(name)
        for part in value if isinstance(value, list) else [value]:
            if not isinstance(part, str):
                add_value(name, part, outline)
            elif is_html(part):
                add_html(part, outline)
            else:
                outline.add(BlockKind.PARAGRAPH, part)
    told = {*PRODUCT_ID, *PROSE, *BELONGS, *ABOUT, *_UNREADABLE}
    told |= {name for name in TITLE if isinstance(given.get(name), str | int)}
    for name, value in given.items():
        if name not in told:
            add_value(names[name], value, outline)


def _add_prose(text: str, outline: Outline) -> None:
    if is_html(text):
        add_html(text, outline)
        return
    for paragraph in text.split("\n\n"):
        add_plain(paragraph, outline)


def _other_scalars(
    given: Mapping[str, object], taken: Collection[str]
) -> dict[str, str | int | float]:
    """What else a document's row says of it, such as a rating or a date."""
    return {
        name: value
        for name, value in given.items()
        if name not in {*PRODUCT_ID, *TITLE, *TEXT, *_QUESTION, *_ANSWER, *taken}
        and isinstance(value, str | int | float)
    }


def _belongs_to(subject: str, metadata: dict[str, object]) -> None:
    """A row is about the product that an id names, or about the variant of its group."""
    group = str(metadata.pop("item_group_id", "") or "").strip()
    metadata["product_id"] = group or subject
    if group and group != subject:
        metadata["variant_id"] = subject


def _first(given: Mapping[str, object], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = given.get(name)
        if isinstance(value, str | int) and clean(str(value)):
            return str(value).strip()
    return None
