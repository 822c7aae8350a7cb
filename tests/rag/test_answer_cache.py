"""Which questions are the same, and what of their answers is kept."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer_cache import AnswerCache, Key
from rag.errors import StoppedError
from rag.filters import Comparison
from rag.stopping import stoppable
from rag.types import Answer, Event, Kind, Question, Scope, Status

ANSWER = Answer(Status.ABSTAINED, "The documents don't say.", (), (), (), "g1", "scripted")
HEAVY = Question("How heavy is it?", Scope("KT17"))


def numbered(number: int) -> Key:
    return Key.of(Question(f"Question {number}?"))


@pytest.mark.parametrize(
    "text", ["how heavy is it?", " How  heavy\nis\u00a0it? ", "How Heavy Is It?"]
)
def test_small_differences_are_the_same_question(text: str) -> None:
    assert Key.of(Question(text, HEAVY.scope)) == Key.of(HEAVY)


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
    assert Key.of(other) != Key.of(HEAVY)


@pytest.mark.parametrize(
    ("one", "other"), [("Is it 5 MW?", "Is it 5 mW?"), ("Wie ist die Maße?", "Wie ist die Masse?")]
)
def test_letters_that_change_the_meaning_matter(one: str, other: str) -> None:
    assert Key.of(Question(one)) != Key.of(Question(other))


def test_a_truth_value_is_no_number() -> None:
    one, true = (Scope(where=Comparison("eq", "wireless", (value,))) for value in (1, True))
    assert one == true  # to Python
    assert Key.of(Question("Which?", one)) != Key.of(Question("Which?", true))


def test_no_day_means_today() -> None:
    assert Key.of(Question(HEAVY.text, replace(HEAVY.scope, as_of=date.today()))) == Key.of(HEAVY)


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


def test_a_degraded_answer_is_not_kept() -> None:
    cache = AnswerCache(10)
    assert cache.answer(Key.of(HEAVY), lambda: [(), replace(ANSWER, degraded=True)]).degraded
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
        first = pool.submit(cache.answer, Key.of(HEAVY), make)
        assert started.wait(20)
        others = [pool.submit(cache.answer, Key.of(HEAVY), never) for _ in range(8)]
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
        first = pool.submit(cache.answer, Key.of(HEAVY), fail)
        assert started.wait(20)
        other = pool.submit(cache.answer, Key.of(HEAVY), lambda: [(), ANSWER])
        go_on.set()
        with pytest.raises(OSError, match="no more files"):
            first.result(20)
        assert other.result(20) == ANSWER


def test_after_a_failure_one_of_those_who_waited_makes_it_for_all() -> None:
    cache, started, go_on = AnswerCache(10), threading.Event(), threading.Event()
    made: list[str] = []

    def fail() -> Iterator[Event]:
        started.set()
        assert go_on.wait(20)
        raise StoppedError("left")

    def make() -> list[Event]:
        made.append("again")
        time.sleep(0.1)
        return [(), ANSWER]

    with ThreadPoolExecutor(7) as pool:
        first = pool.submit(cache.answer, Key.of(HEAVY), fail)
        assert started.wait(20)
        others = [pool.submit(cache.answer, Key.of(HEAVY), make) for _ in range(6)]
        go_on.set()
        assert isinstance(first.exception(20), StoppedError)
        assert {other.result(20).text for other in others} == {ANSWER.text}
    assert made == ["again"] and cache.get(Key.of(HEAVY))


def test_who_has_left_waits_for_nobody_s_answer() -> None:
    cache, started, go_on = AnswerCache(10), threading.Event(), threading.Event()

    def make() -> Iterator[Event]:
        started.set()
        assert go_on.wait(20)
        yield ANSWER

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(cache.answer, Key.of(HEAVY), make)
        assert started.wait(20)
        began = time.monotonic()
        with stoppable(lambda: True), pytest.raises(StoppedError):
            cache.answer(Key.of(HEAVY), make)
        assert time.monotonic() - began < 1
        go_on.set()
        assert first.result(20) == ANSWER


def test_threads_do_not_mix_answers_up() -> None:
    cache = AnswerCache(3)

    def ask(number: int) -> bool:
        text = str(number % 5)
        found = cache.answer(numbered(number % 5), lambda: [(), replace(ANSWER, text=text)])
        return found.text == text

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(2000)))
    assert len(cache) == 3
