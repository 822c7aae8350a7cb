"""The threshold of silence as it was fitted to questions with gold: `calibration.json`.

It lies beside CURRENT, so that it outlives indexing anew, and it says what it was fitted with: the
probabilities of another embedder, reranker or model of evidence are other numbers, and another
model of entailment lets other sentences through.
"""

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, fields, replace

from rag import evidence
from rag.config import Settings
from rag.errors import IndexDamagedError
from rag.manifest import Layout
from rag.retrieval import Retriever

FORMAT = 1

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted threshold, and what was measured with it."""

    threshold: float
    target_error: float
    error: float
    """Share of the answers at or above the threshold that were wrong."""
    coverage: float
    """Share of the questions that were answered."""
    questions: int
    qa_sha256: str
    generator: str
    embedder_sha256: str
    evidence_sha256: str
    reranker: str = ""
    entailment: str = ""
    """Names of settings; empty for none, and in what was written before they were told."""
    format: int = FORMAT


def evidence_digest() -> str:
    """Changes with the model of evidence that gives the probabilities."""
    model = [evidence.Features._fields, list(evidence.WEIGHTS), evidence.BIAS]
    return hashlib.sha256(json.dumps(model).encode()).hexdigest()


def write(layout: Layout, calibration: Calibration) -> None:
    """Put a calibration in place, all or none."""
    aside = layout.calibration.with_suffix(".part")
    aside.write_text(json.dumps(asdict(calibration), indent=1) + "\n", encoding="utf-8")
    aside.replace(layout.calibration)


def read(layout: Layout) -> Calibration | None:
    """The calibration of an index folder, if there is one.

    Raises:
        IndexDamagedError: it cannot be read.
    """
    try:
        values = json.loads(layout.calibration.read_text(encoding="utf-8"))
        known = [field.name for field in fields(Calibration) if field.name in values]
        found = Calibration(**{name: values[name] for name in known})
        if not 0 <= found.threshold <= 1:
            raise ValueError(f"threshold {found.threshold}")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamagedError(
            f"{layout.calibration} cannot be read: {error!r}. Calibrate again, or remove it."
        ) from error
    return found


def calibrated(settings: Settings, retriever: Retriever) -> Settings:
    """The settings with the fitted threshold, where none is set and the fitted one belongs here.

    Raises:
        IndexDamagedError: there is one, and it cannot be read.
    """
    if "threshold" in settings.answering.model_fields_set:
        return settings
    layout = Layout(retriever.index.folder.parents[1])
    found = read(layout)
    if found is None:
        return settings
    ours = replace(
        found,
        embedder_sha256=retriever.embedder.sha256,
        evidence_sha256=evidence_digest(),
        reranker=settings.reranker,
        entailment=settings.entailment,
        format=FORMAT,
    )
    if found != ours:
        _log.warning(
            "%s is not used: it was fitted with another embedder, reranker or model of entailment, "
            "or another version of Shelftalk. The threshold is %s. Calibrate again, or remove it.",
            layout.calibration,
            settings.answering.threshold,
        )
        return settings
    answering = settings.answering.model_copy(update={"threshold": found.threshold})
    return settings.model_copy(update={"answering": answering})
