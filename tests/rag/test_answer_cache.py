"""Which questions are the same, and what of their answers is kept."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer_cache import AnswerCache, Key
from rag.filters import Comparison
from rag.types import Answer, Event, Kind, Question, Scope, Status

ANSWER = Answer(Status.ABSTAINED, "The documents don't say.", (), (), (), "g1", "scripted")
HEAVY = Question("How heavy is it?", Scope("KT17"))


def key(question: Question, generation: str = "g1") -> Key:
    return Key.of(question, generation)


def numbered(number: int) -> Key:
    return key(Question(f"Question {number}?"))


@pytest.mark.parametrize(
    "text", ["how heavy is it?", " How  heavy\nis\u00a0it? ", "How Heavy Is It?"]
)
def test_small_differences_are_the_same_question(text: str) -> None:
    assert key(Question(text, HEAVY.scope)) == key(HEAVY)


@pytest.mark.parametrize(
    "other",
    [
        Question("How heavy is that?", HEAVY.scope),
        Question("HOW HEAVY IS IT?", HEAVY.scope),
        Question(HEAVY.text),
        Question(HEAVY.text, Scope("KT12")),
        Question(HEAVY.text, Scope("KT17", variant_id="RED")),
        Question(HEAVY.text, Scope("KT17", kinds=frozenset({Kind.SPEC}))),
        Question(HEAVY.text, Scope("KT17", locale="de")),
        Question(HEAVY.text, Scope("KT17", shop="north")),
        Question(HEAVY.text, Scope("KT17", as_of=date.today() - timedelta(1))),
        Question(HEAVY.text, Scope("KT17", where=Comparison("eq", "brand", ("Brisa",)))),
        Question(HEAVY.text, HEAVY.scope, ("Which kettles are there?",)),
    ],
)
def test_where_and_when_it_is_asked_matters(other: Question) -> None:
    assert key(other) != key(HEAVY)


@pytest.mark.parametrize(
    ("one", "other"), [("Is it 5 MW?", "Is it 5 mW?"), ("Wie ist die Maße?", "Wie ist die Masse?")]
)
def test_letters_that_change_the_meaning_matter(one: str, other: str) -> None:
    assert key(Question(one)) != key(Question(other))


def test_a_truth_value_is_no_number() -> None:
    one, true = (Scope(where=Comparison("eq", "wireless", (value,))) for value in (1, True))
    assert one == true  # to Python
    assert key(Question("Which?", one)) != key(Question("Which?", true))


def test_no_day_means_today() -> None:
    assert key(Question(HEAVY.text, replace(HEAVY.scope, as_of=date.today()))) == key(HEAVY)


@given(st.lists(st.integers(0, 6), max_size=40), st.integers(0, 4))
def test_those_asked_last_are_kept(asked: list[int], size: int) -> None:
    cache = AnswerCache(size)
    made: list[int] = []
    expected: list[int] = []
    for number in asked:

        def make(number: int = number) -> list[Event]:
            made.append(number)
            return [(), replace(ANSWER, text=str(number))]

        known = number in expected
        before = len(made)
        answer = cache.answer(numbered(number), make)
        assert (answer.text, answer.cached, len(made) - before) == (str(number), known, 1 - known)
        expected = [*(n for n in expected if n != number), number][-size:] if size else []
        assert len(cache) == len(expected)


def test_another_generation_empties_it() -> None:
    cache = AnswerCache(10)
    cache.get(key(HEAVY, "old"))
    cache.put(key(HEAVY, "old"), [(), ANSWER])
    assert cache.get(key(HEAVY, "old"))
    assert cache.get(key(HEAVY, "new")) is None
    assert len(cache) == 0


def test_an_answer_that_comes_too_late_is_not_kept() -> None:
    cache = AnswerCache(10)
    cache.get(key(HEAVY, "new"))
    cache.put(key(HEAVY, "old"), [(), ANSWER])
    assert len(cache) == 0


def test_a_degraded_answer_is_not_kept() -> None:
    cache = AnswerCache(10)
    assert cache.answer(key(HEAVY), lambda: [(), replace(ANSWER, degraded=True)]).degraded
    assert len(cache) == 0


def test_the_same_question_asked_by_many_at_once_is_answered_once() -> None:
    cache, started, go_on = AnswerCache(10), threading.Event(), threading.Event()

    def make() -> Iterator[Event]:
        started.set()
        assert go_on.wait(20)
        yield ()
        yield ANSWER

    def never() -> Iterator[Event]:
        raise AssertionError("it is being made already")

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(cache.answer, key(HEAVY), make)
        assert started.wait(20)
        others = [pool.submit(cache.answer, key(HEAVY), never) for _ in range(8)]
        go_on.set()
        assert first.result(20) == ANSWER
        assert {other.result(20).cached for other in others} == {True}


def test_a_failure_is_not_shared() -> None:
    cache, started, go_on = AnswerCache(10), threading.Event(), threading.Event()

    def fail() -> Iterator[Event]:
        started.set()
        assert go_on.wait(20)
        raise OSError("no more files")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.answer, key(HEAVY), fail)
        assert started.wait(20)
        other = pool.submit(cache.answer, key(HEAVY), lambda: [(), ANSWER])
        go_on.set()
        with pytest.raises(OSError, match="no more files"):
            first.result(20)
        assert other.result(20) == ANSWER


def test_threads_do_not_mix_answers_up() -> None:
    cache = AnswerCache(3)

    def ask(number: int) -> bool:
        text = str(number % 5)
        found = cache.answer(numbered(number % 5), lambda: [(), replace(ANSWER, text=text)])
        return found.text == text

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(2000)))
    assert len(cache) == 3
