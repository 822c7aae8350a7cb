"""Is a published index whole? Checksums first, then what they cannot see: offsets and counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rag.errors import IndexFolderError, IndexMissingError, ScopeError
from rag.index import Index


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was looked at and what is wrong."""

    generation: str
    documents: int
    chunks: int
    problems: tuple[str, ...]

    def body(self) -> Mapping[str, object]:
        """The result as a JSON object."""
        return {
            "ok": not self.problems,
            "generation": self.generation,
            "documents": self.documents,
            "chunks": self.chunks,
            "problems": list(self.problems),
        }

    def summary(self) -> str:
        """One line."""
        if self.problems:
            return f"{len(self.problems)} problems found."
        return (
            f"Generation {self.generation} is whole: {self.documents} documents, "
            f"{self.chunks} passages, every checksum and offset verified."
        )


def check(folder: Path) -> CheckResult:
    """Verify the published generation of an index folder.

    Raises:
        IndexMissingError: nothing is published there.
    """
    try:
        index = Index.open(folder)
    except IndexMissingError:
        raise
    except IndexFolderError as error:
        return CheckResult("", 0, 0, (str(error),))
    documents = index.passages.document_ids()
    problems = [f"the metadata of {id} is no JSON" for id in index.passages.unfilterable()]
    chunks = 0
    try:
        for chunk in index.passages.all_chunks():
            chunks += 1
            document = index.passages.document(chunk.document_id)
            if not 0 <= chunk.start < chunk.end <= len(document.text):
                problems.append(f"passage {chunk.id} lies outside {document.id}")
            elif not chunk.embedding_text.endswith(f"\n{chunk.text}"):
                problems.append(
                    f"passage {chunk.id} of {document.id} was embedded with another text"
                )
    except (IndexFolderError, ScopeError) as error:
        problems.append(str(error))
    manifest = index.manifest
    if (len(documents), chunks) != (manifest.documents, manifest.chunks):
        problems.append(
            f"{len(documents)} documents and {chunks} passages are there; the manifest says "
            f"{manifest.documents} and {manifest.chunks}"
        )
    index.close()
    return CheckResult(manifest.id, len(documents), chunks, tuple(problems))
