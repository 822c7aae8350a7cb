from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from indexer.chunk import chunk
from indexer.draft import Outline
from rag.types import BlockKind, Chunk, Document, Kind, Page
from tests.doubles import HashingEmbedder

COUNT = HashingEmbedder().count_tokens

WORD = st.sampled_from(
    ["kettle", "1.7", "lid.", "It", "holds", "水壶很好。", "x" * 70, "-", "Yes!"]
)
TEXT = st.lists(WORD, min_size=1, max_size=60).map(" ".join)
BLOCKS = st.lists(st.tuples(st.sampled_from(BlockKind), TEXT, st.integers(1, 4)), max_size=10)


def a_document(*blocks: tuple[BlockKind, str, int], title: str = "Kettle") -> Document:
    outline = Outline()
    for kind, text, level in blocks:
        outline.add(kind, text, level if kind in (BlockKind.HEADING, BlockKind.ITEM) else 0)
    draft = outline.finish()
    return Document("a.md", Kind.PAGE, title, draft.text, "a.md", blocks=draft.blocks)


DOCUMENTS = st.builds(
    lambda blocks, title: a_document(*blocks, title=title),
    BLOCKS,
    st.one_of(st.just("Kettle"), TEXT, st.just("水" * 300), st.just("y" * 900)),
)
LIMITS = st.integers(32, 120)


def chunked(document: Document, limit: int = 120) -> list[Chunk]:
    return list(chunk(document, COUNT, limit))


@given(DOCUMENTS, LIMITS)
def test_a_chunk_is_the_text_at_its_offsets(document: Document, limit: int) -> None:
    for piece in chunked(document, limit):
        assert piece.text == document.text[piece.start : piece.end]
        assert piece.text == piece.text.strip() != ""
        assert piece.text in piece.embedding_text
        assert piece.headings == document.headings_at(piece.start)


@given(DOCUMENTS, LIMITS)
def test_nothing_is_lost(document: Document, limit: int) -> None:
    covered = {at for piece in chunked(document, limit) for at in range(piece.start, piece.end)}
    for block in document.blocks:
        if block.kind is not BlockKind.HEADING:
            lost = [at for at in range(block.start, block.end) if at not in covered]
            assert not "".join(document.text[at] for at in lost).strip()


@given(DOCUMENTS, LIMITS)
def test_a_heading_is_in_a_path_or_a_chunk(document: Document, limit: int) -> None:
    pieces = chunked(document, limit)
    said = {heading for piece in pieces for heading in piece.headings}
    for block in document.blocks:
        if block.kind is BlockKind.HEADING:
            assert document.text[block.start : block.end] in said


@given(DOCUMENTS, LIMITS)
def test_no_chunk_crosses_a_heading(document: Document, limit: int) -> None:
    starts = [block.start for block in document.blocks if block.kind is BlockKind.HEADING]
    for piece in chunked(document, limit):
        assert not [start for start in starts if piece.start < start < piece.end]


@given(DOCUMENTS, LIMITS, st.none() | TEXT)
def test_no_chunk_is_longer_than_the_model_reads(
    document: Document, limit: int, subject: str | None
) -> None:
    for piece in chunk(document, COUNT, limit, subject):
        assert COUNT([piece.embedding_text])[0] <= limit


def _joins_cost(texts: Sequence[str]) -> list[int]:
    """Like byte-level tokenizers: line breaks count, and a word counts more after a space."""
    return [COUNT([text])[0] + text.count("\n") + 5 * text.count(" It") for text in texts]


@given(DOCUMENTS, LIMITS)
def test_what_joining_texts_costs_is_counted(document: Document, limit: int) -> None:
    for piece in chunk(document, _joins_cost, limit):
        assert _joins_cost([piece.embedding_text])[0] <= limit


@given(DOCUMENTS, LIMITS)
def test_ids_are_unique_and_stable(document: Document, limit: int) -> None:
    ids = [piece.id for piece in chunked(document, limit)]
    assert len(set(ids)) == len(ids)
    assert ids == [piece.id for piece in chunked(document, limit)]


@given(DOCUMENTS, LIMITS)
def test_chunks_follow_each_other(document: Document, limit: int) -> None:
    for before, after in pairwise(chunked(document, limit)):
        assert before.start < after.start
        assert before.end < after.end


def test_an_id_changes_with_the_text_and_the_document() -> None:
    def only_id(text: str, document_id: str = "a.md") -> str:
        outline = Outline()
        outline.add(BlockKind.PARAGRAPH, text)
        draft = outline.finish()
        document = Document(
            document_id, Kind.PAGE, "T", draft.text, document_id, blocks=draft.blocks
        )
        (piece,) = chunked(document)
        return piece.id

    assert len({only_id("one"), only_id("two"), only_id("one", "b.md")}) == 3


def test_title_and_headings_stand_in_front() -> None:
    document = a_document(
        (BlockKind.HEADING, "Care", 1),
        (BlockKind.HEADING, "Descaling", 2),
        (BlockKind.PARAGRAPH, "Use acid.", 0),
        title="Manual",
    )
    (piece,) = chunked(document)
    assert piece.embedding_text == "Manual > Care > Descaling\nUse acid."
    assert piece.headings == ("Care", "Descaling")


def test_a_heading_that_is_the_title_is_said_once() -> None:
    document = a_document((BlockKind.HEADING, "Kettle", 1), (BlockKind.PARAGRAPH, "Hot.", 0))
    assert chunked(document)[0].embedding_text == "Kettle\nHot."


def test_the_header_of_a_table_goes_with_every_part_of_it() -> None:
    rows = [(BlockKind.ROW, f"Part {n} | lasts {n} years", 0) for n in range(12)]
    document = a_document((BlockKind.HEADER, "Part | Life", 0), *rows)
    first, *others = chunked(document, 40)
    assert first.text.startswith("Part | Life\nPart 0 |")
    assert len(others) >= 2
    for piece in others:
        assert piece.embedding_text.startswith("Kettle\nPart | Life\nPart ")
        assert "Life" not in piece.text


def test_what_introduces_a_list_stays_with_its_first_item() -> None:
    document = a_document(
        (BlockKind.PARAGRAPH, f"An opening {'of words ' * 9}with no end.", 0),
        (BlockKind.PARAGRAPH, "In the box you find:", 0),
        *((BlockKind.ITEM, f"thing number {n} with its own words", 0) for n in range(6)),
    )
    opening, second, *_ = chunked(document, 32)
    assert opening.text.endswith("no end.")
    assert second.text.startswith("In the box you find:\n\nthing number 0")


def test_what_introduces_a_list_goes_with_every_part_of_it() -> None:
    document = a_document(
        (BlockKind.PARAGRAPH, "A kettle comes in a box. In the box you find:", 0),
        *((BlockKind.ITEM, f"thing number {n} with its own words", 0) for n in range(9)),
    )
    first, *others = chunked(document, 40)
    assert first.embedding_text.startswith("Kettle\nA kettle comes in a box. In the box you find:")
    assert len(others) >= 2
    for piece in others:
        assert piece.embedding_text.startswith("Kettle\nIn the box you find:\nthing number")
        assert "In the box" not in piece.text


def test_a_nested_list_keeps_the_item_it_stands_below() -> None:
    document = a_document(
        (BlockKind.PARAGRAPH, "These are the terms:", 0),
        (BlockKind.ITEM, "1. What is covered:", 0),
        *((BlockKind.ITEM, f"seams that tear in year number {n}", 1) for n in range(3)),
        (BlockKind.ITEM, "2. What is not covered:", 0),
        *((BlockKind.ITEM, f"damage by storm number {n} or by misuse", 1) for n in range(6)),
        (BlockKind.ITEM, "3. Claims go to the shop.", 0),
    )
    pieces = chunked(document, 48)
    assert len(pieces) > 2
    for piece in pieces:
        for text, item in (("seams", "What is covered"), ("damage", "What is not covered")):
            if text in piece.text:
                assert item in piece.embedding_text
        if piece.text.startswith("3."):
            assert "not covered" not in piece.embedding_text
    # An item that introduces others does not end a chunk while they begin the next one.
    assert not [piece for piece in pieces if piece.text.endswith("covered:")]


def test_prose_before_a_list_that_does_not_introduce_it_is_not_repeated() -> None:
    document = a_document(
        (BlockKind.PARAGRAPH, "It was first sold in May. It sold well.", 0),
        *((BlockKind.ITEM, f"thing number {n} with its own words", 0) for n in range(6)),
    )
    _, *others = chunked(document, 40)
    assert others
    assert not [piece for piece in others if "sold" in piece.embedding_text]


def test_prose_that_is_broken_overlaps_by_a_sentence() -> None:
    prose = " ".join(f"Sentence number {n} says a thing." for n in range(12))
    pieces = chunked(a_document((BlockKind.PARAGRAPH, prose, 0)), 40)
    assert len(pieces) > 2
    for before, after in pairwise(pieces):
        shared = before.text[after.start - before.start :]
        assert shared.startswith("Sentence number") and shared.count(".") == 1


def test_attributes_outside_a_table_stand_alone() -> None:
    document = a_document(
        (BlockKind.PARAGRAPH, "A kettle.", 0),
        (BlockKind.ROW, "Weight: 1 kg", 0),
        (BlockKind.ROW, "Colour: red", 0),
    )
    assert [piece.text for piece in chunked(document)] == [
        "A kettle.",
        "Weight: 1 kg",
        "Colour: red",
    ]


def test_a_chunk_has_the_page_it_begins_on() -> None:
    outline = Outline()
    for page in (1, 2):
        outline.begin_page(page)
        outline.add(BlockKind.HEADING, f"Part {page}", 1)
        outline.add(BlockKind.PARAGRAPH, f"Text of page {page}.")
    draft = outline.finish()
    document = Document(
        "m.pdf", Kind.MANUAL, "M", draft.text, "m.pdf", blocks=draft.blocks, pages=draft.pages
    )
    assert document.pages == (Page(1, 0, 23), Page(2, 23, 48))
    assert [piece.page for piece in chunked(document)] == [1, 2]
