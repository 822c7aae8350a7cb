"""A model of inference of the real library's class, tiny and untrained."""

from pathlib import Path
from typing import Any

import pytest

from rag.entailment import open_entailment
from rag.errors import ModelError, ModelNotFoundError
from tests.tiny_models import write_cross_encoder

LABELS = ("contradiction", "entailment", "neutral")
PAIRS = [("the cord is long", "a cord"), ("kettle", "the kettle is not long"), ("abc", "水壶 cord")]


@pytest.mark.slow
def test_what_is_likeliest_decides_wherever_its_label_stands(tmp_path: Path) -> None:
    """The weights are the same each time, and only one of three labels can be the likeliest."""
    orders = (LABELS, ("Entailment", *LABELS[::2]), (*LABELS[::2], "ENTAILMENT"))
    judges = [
        open_entailment(str(write_cross_encoder(tmp_path / str(at), labels)))
        for at, labels in enumerate(orders)
    ]
    for pair in PAIRS:
        assert sum(entails(*pair) for entails in judges) == 1


@pytest.mark.slow
@pytest.mark.parametrize("labels", [1, 3, ("positive", "negative"), ("entailment",)])
def test_a_model_of_something_else_is_refused(tmp_path: Path, labels: int | tuple[str]) -> None:
    with pytest.raises(ModelError, match="has the label 'entailment' among several"):
        open_entailment(str(write_cross_encoder(tmp_path / "tiny", labels)))


@pytest.mark.slow
def test_a_failure_of_the_model_is_a_model_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of memory")

    entails = open_entailment(str(write_cross_encoder(tmp_path / "tiny", LABELS)))
    monkeypatch.setattr("sentence_transformers.CrossEncoder.predict", out_of_memory)
    with pytest.raises(ModelError, match=r"failed on 1 texts: out of memory"):
        entails("the cord is long", "a cord")


def test_a_missing_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="holds no model"):
        open_entailment(str(tmp_path))
