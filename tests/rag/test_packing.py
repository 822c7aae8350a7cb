"""What is packed for a reader: checked on random rankings of a document with headings."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.packing import best_at_both_ends, merged, pack
from rag.types import Block, BlockKind, Chunk, Document, Passage
from tests.rag.generations import a_document

LINES = [
    ("heading" if n % 4 == 0 else "paragraph", f"line {n} says {'so ' * (n % 3)}")
    for n in range(12)
]


def _document(id: str) -> Document:
    blocks, text = [], ""
    for kind, line in LINES:
        blocks.append(Block(BlockKind(kind), len(text), len(text) + len(line), kind == "heading"))
        text += line + "\n"
    return a_document(id, text, blocks=tuple(blocks))


DOCUMENTS = [_document("a.md"), _document("b.md")]


def _passage(document: Document, first: int, last: int, rank: int) -> Passage:
    start, end = document.blocks[first].start, document.blocks[last].end
    text = document.text[start:end]
    chunk = Chunk(f"{document.id}:{first}-{last}", document.id, start, end, text, text)
    return Passage(chunk, document, rank, 1 / rank)


@st.composite
def rankings(draw: st.DrawFn) -> list[Passage]:
    places = st.tuples(st.sampled_from(DOCUMENTS), st.integers(0, 11), st.integers(0, 2))
    drawn = draw(st.lists(places, max_size=9))
    return [
        _passage(document, first, min(first + more, 11), rank)
        for rank, (document, first, more) in enumerate(drawn, 1)
    ]


def count(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


@given(rankings(), st.integers(0, 60))
def test_the_budget_is_kept(passages: list[Passage], budget: int) -> None:
    assert sum(count([extract.text for extract in pack(passages, budget, count)])) <= budget


@given(rankings(), st.integers(0, 60))
def test_a_better_passage_is_left_out_only_where_it_does_not_fit(
    passages: list[Passage], budget: int
) -> None:
    chosen = {p.rank for extract in pack(passages, budget, count) for p in extract.passages}
    for left_out in passages:
        if left_out.rank not in chosen:
            better = [p for p in passages if p.rank < left_out.rank and p.rank in chosen]
            texts = [extract.text for extract in merged([*better, left_out])]
            assert sum(count(texts)) > budget


@given(rankings())
def test_each_passage_is_in_one_piece_and_pieces_stand_apart(passages: list[Passage]) -> None:
    extracts = merged(passages)
    assert sorted(p.rank for e in extracts for p in e.passages) == [p.rank for p in passages]
    for extract in extracts:
        assert extract.text == extract.document.text[extract.start : extract.end]
        for passage in extract.passages:
            assert extract.start <= passage.chunk.start <= passage.chunk.end <= extract.end
    for one in extracts:
        for other in extracts:
            if one is not other and one.document == other.document:
                assert one.end < other.start or other.end < one.start


@given(rankings())
def test_ranks_fall_from_both_ends_to_the_middle(passages: list[Passage]) -> None:
    ranks = [extract.rank for extract in best_at_both_ends(merged(passages))]
    assert sorted(ranks) == [extract.rank for extract in merged(passages)]
    worst = ranks.index(max(ranks)) if ranks else 0
    assert ranks[: worst + 1] == sorted(ranks[: worst + 1])
    assert ranks[worst:] == sorted(ranks[worst:], reverse=True)
    if len(ranks) > 1:
        assert sorted(ranks)[:2] == [ranks[0], ranks[-1]]


@pytest.mark.parametrize(
    ("places", "pieces"),
    [
        ([(1, 1), (2, 2)], [(1, 2)]),  # next to each other
        ([(3, 3), (5, 5)], [(3, 5)]),  # but for a heading
        ([(1, 1), (3, 3)], [(1, 1), (3, 3)]),  # a line between
        ([(2, 3), (1, 2)], [(1, 3)]),  # overlapping
    ],
)
def test_what_is_merged(places: list[tuple[int, int]], pieces: list[tuple[int, int]]) -> None:
    document = DOCUMENTS[0]
    ranking = [_passage(document, *place, rank) for rank, place in enumerate(places, 1)]
    expected = [(document.blocks[a].start, document.blocks[b].end) for a, b in pieces]
    assert [(extract.start, extract.end) for extract in merged(ranking)] == expected
