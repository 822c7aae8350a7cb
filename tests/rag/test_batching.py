"""Micro-batches give every caller its own vectors, and what it raised."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rag.batching import MicroBatches
from rag.vectors import Vectors
from tests.doubles import HashingEmbedder


class Gate:
    """An encoder that can be held; counts its calls."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)
        self.calls: list[list[str]] = []
        self.fail: Exception | None = None

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.calls.append(list(texts))
        self.entered.release()
        assert self.open.wait(10)
        if self.fail is not None:
            raise self.fail
        return np.array([[float(len(text))] for text in texts], dtype=np.float32)


def test_every_caller_gets_its_own_vectors() -> None:
    embedder = HashingEmbedder()
    encode = MicroBatches(embedder.encode_queries)
    texts = [[f"question {at}", f"again {at}"][: 1 + at % 2] for at in range(300)]
    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(encode, texts))
    for own, vectors in zip(texts, found, strict=True):
        np.testing.assert_array_equal(vectors, embedder.encode_queries(own))


def test_those_who_wait_are_encoded_together() -> None:
    gate = Gate()
    encode = MicroBatches(gate, cores=1)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(encode, ["first"])
        assert gate.entered.acquire(timeout=10)
        others = [pool.submit(encode, ["x" * at]) for at in range(1, 9)]
        while len(encode._waiting) < 8:
            pass
        gate.open.set()
        assert first.result().tolist() == [[5.0]]
        assert [one.result().item() for one in others] == list(range(1, 9))
    assert len(gate.calls) == 2 and len(gate.calls[1]) == 8


def test_an_error_reaches_those_of_the_batch_and_nobody_later() -> None:
    gate = Gate()
    gate.fail = ValueError("no")
    gate.open.set()
    encode = MicroBatches(gate, cores=1)
    with pytest.raises(ValueError, match="no"):
        encode(["a"])
    gate.fail = None
    assert encode(["ab"]).tolist() == [[2.0]]


def test_more_than_a_batch_from_one_caller_is_taken_whole() -> None:
    gate = Gate()
    gate.open.set()
    assert len(MicroBatches(gate)(["a"] * 100)) == 100


def test_an_interrupt_is_of_one_caller_alone() -> None:
    gate = Gate()
    encode = MicroBatches(gate, cores=1)
    interrupted = threading.Event()

    def encode_or_stop(texts: Sequence[str]) -> Vectors:
        vectors = gate(texts)
        if "stop" in texts and not interrupted.is_set():
            interrupted.set()
            raise KeyboardInterrupt
        return vectors

    encode._encode = encode_or_stop
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(encode, ["first"])
        assert gate.entered.acquire(timeout=10)
        stopped = pool.submit(encode, ["stop"])
        while not encode._waiting:
            pass
        other = pool.submit(encode, ["other"])
        while len(encode._waiting) < 2:
            pass
        gate.open.set()
        assert first.result(10).tolist() == other.result(10).tolist() == [[5.0]]
        with pytest.raises(KeyboardInterrupt):
            stopped.result(10)
    assert encode(["later"]).tolist() == [[5.0]]
    assert not encode._waiting
