"""What of a passage can be quoted by itself."""

from hypothesis import given
from hypothesis import strategies as st

from rag.quotes import PARAGRAPH, STEPS, Row, in_context, quotable, row_of, steps_around
from rag.types import Block, BlockKind, Chunk, Document, Span
from tests.rag.generations import a_document

lines = st.tuples(
    st.sampled_from([kind for kind in BlockKind]),
    st.sampled_from(["Weight: 1 kg", "Do this. Then that.", "1. Press.", "Size | 2 cm", "A?"]),
)


def made(parts: list[tuple[BlockKind, str]]) -> Document:
    blocks, text = [], ""
    for kind, line in parts:
        blocks.append(Block(kind, len(text), len(text) + len(line)))
        text += line + "\n"
    return a_document(text=text.rstrip("\n"), blocks=tuple(blocks))


def spans(document: Document, headings: tuple[str, ...] = ()) -> list[Span]:
    text = document.text
    chunk = Chunk("c", document.id, 0, len(text), text, text, headings=headings)
    return list(quotable(document, chunk))


@given(st.lists(lines, min_size=1, max_size=8))
def test_quotes_are_whole_words_of_the_body(parts: list[tuple[BlockKind, str]]) -> None:
    document = made(parts)
    for start, end in spans(document):
        quote = document.text[start:end]
        assert quote == quote.strip() != ""
        for block in document.blocks:
            if block.kind in (BlockKind.HEADING, BlockKind.HEADER):
                inside_steps = start < block.start and block.end < end
                assert inside_steps or end <= block.start or block.end <= start


def test_a_short_paragraph_stays_whole_and_a_long_one_does_not() -> None:
    short = "Only on weekdays. Not on holidays."
    assert spans(made([(BlockKind.PARAGRAPH, short)])) == [Span(0, len(short))]
    long = "Only on weekdays. " * (PARAGRAPH // 15)
    assert len(spans(made([(BlockKind.PARAGRAPH, long.strip())]))) == PARAGRAPH // 15


def test_an_answer_to_a_question_is_quoted_whole() -> None:
    document = made([(BlockKind.PARAGRAPH, "Yes."), (BlockKind.PARAGRAPH, "Plug it in.")])
    assert spans(document, ("Can I?",)) == [Span(0, len(document.text))]


def test_steps_can_be_quoted_one_by_one_and_together() -> None:
    document = made([(BlockKind.ITEM, "1. Fill it."), (BlockKind.ITEM, "2. Boil it.")])
    assert Span(0, len(document.text)) in spans(document)
    assert len(spans(document)) == 3


def test_only_steps_that_count_on_are_one_list() -> None:
    lists = ["1. Fill it.", "2. Boil it.", "1. Rinse it.", "2. Dry it.", "4. Care", "5 mm wide"]
    document = made([(BlockKind.ITEM, line) for line in lists])
    quotes = {document.text[start:end] for start, end in spans(document)}
    assert quotes == {*lists, "1. Fill it.\n2. Boil it.", "1. Rinse it.\n2. Dry it."}


@given(st.lists(st.sampled_from(["1. Fill it.", "2. Boil it.", "3. Pour.", "Dry it."]), max_size=9))
def test_a_step_knows_its_list(lines: list[str]) -> None:
    document = made([(BlockKind.ITEM, line) for line in lines])
    for block in document.blocks:
        span = Span(block.start, block.end)
        whole = steps_around(document, span)
        if whole is not None:
            inside = [b for b in document.blocks if whole.start <= b.start and b.end <= whole.end]
            numbers = [int(document.text[b.start]) for b in inside if document.text[b.start] != "D"]
            assert span in [Span(b.start, b.end) for b in inside]
            assert len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1))


def test_a_long_list_of_steps_is_not_quoted_whole() -> None:
    document = made([(BlockKind.ITEM, f"{at}. " + "Turn it. " * 12) for at in range(1, 10)])
    assert len(document.text) > STEPS
    assert steps_around(document, Span(document.blocks[0].start, document.blocks[0].end)) is None


def test_a_question_is_quoted_with_what_answers_it_or_not_at_all() -> None:
    asked = "Does it fit? Why? " + "It is wide enough for all. " * 12
    document = made([(BlockKind.PARAGRAPH, asked.strip()), (BlockKind.ITEM, "1. Anything else?")])
    first, *others = (document.text[start:end] for start, end in spans(document))
    assert first == "Does it fit? Why? It is wide enough for all."
    assert others == ["It is wide enough for all."] * 11


def test_a_row_has_an_attribute_and_a_value() -> None:
    document = made([(BlockKind.ROW, "Weight: 1 kg"), (BlockKind.PARAGRAPH, "Note: wash it")])
    weight, note = spans(document)
    assert row_of(document, weight) == Row("Weight", "1 kg")
    assert row_of(document, note) is None


def test_a_row_of_a_table_is_read_under_its_header() -> None:
    document = made([(BlockKind.HEADER, "Level | Noise"), (BlockKind.ROW, "1 | 30 dB")])
    (only,) = spans(document)
    assert in_context(document, only) == "Level | Noise\n1 | 30 dB"
    assert row_of(document, only) is None
