"""The house as the design draws it: who may import whom, what importing costs, what is public."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import rag.errors
import rag.types

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path for package in ("rag", "indexer", "api") for path in ROOT.glob(f"{package}/**/*.py")
)
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in SOURCES}

LAYERS = [
    "errors",
    "filters",
    "types",
    "cache stopping text config locale vectors",
    "batching bounds conversation database dense fusion heads links models language question "
    "schema spelling units vocabulary",
    "intent naming quantities quotes",
    "catalogue clauses decoding extractive onnx_export onnx_embedding openai_chat "
    "sentence_transformer",
    "cross_encoder servers transformers_chat",
    "body conflicts embedding entailment generation index injection lexical manifest packing "
    "passages polarity prompt remembered repetition rerank variants verification wording",
    "answer_cache disclosure recognition",
    "drafting evidence planning retrieval statements",
    "calibration comparison",
    "engine",
    "evaluation langchain",
]
"""The modules of rag, low to high. A new one is placed here."""

EVALUATION = [
    "questions words",
    "rows sources",
    "gaps judge ranking read",
    "citing metrics",
    "scores selective uncertainty",
    "table",
    "asking gate",
    "calibrate evaluate",
    "plots",
    "report",
]
"""The modules of rag.evaluation, low to high."""

LAYER_OF = {
    f"{package}.{name}": (*above, depth)
    for package, layers, above in (
        ("rag", LAYERS, ()),
        ("rag.evaluation", EVALUATION, (len(LAYERS) - 1,)),
    )
    for depth, names in enumerate(layers)
    for name in names.split()
}
"""Where a module is: the depth in rag, and of one in a package the depth there."""


def _imports(module: str) -> set[str]:
    """The modules of ours that a module imports, wherever in it the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names & MODULES.keys()


def _package(module: str) -> str:
    return module.split(".")[0]


@pytest.mark.parametrize("module", MODULES)
def test_packages_import_one_way(module: str) -> None:
    order = ["rag", "indexer", "api"]
    allowed = order[: order.index(_package(module)) + 1]
    assert {_package(name) for name in _imports(module)} <= set(allowed)


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("rag.")])
def test_inside_rag_imports_go_down(module: str) -> None:
    if module.endswith("__init__"):
        return
    assert module in LAYER_OF, "place the new module in LAYERS"
    above = {name for name in _imports(module) if LAYER_OF.get(name, ()) > LAYER_OF[module]}
    assert not above


def test_no_imports_go_round() -> None:
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path, module))
        if module not in done:
            for name in sorted(_imports(module)):
                visit(name, (*path, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("rag", "torch transformers sentence_transformers faiss numpy langchain_core pydantic"),
        ("rag.types", "torch transformers sentence_transformers faiss numpy langchain_core"),
        ("rag.config", "torch transformers sentence_transformers faiss langchain_core"),
        ("rag.engine", "torch transformers sentence_transformers"),
        ("indexer.build", "torch transformers sentence_transformers langchain_core"),
        ("indexer.worker", "torch transformers sentence_transformers langchain_core faiss scipy"),
        ("api.cli", "torch transformers sentence_transformers"),
    ],
)
def test_importing_loads_nothing_heavy(module: str, heavy: str) -> None:
    code = f"import {module}, sys; print(*sorted(set({heavy.split()}) & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.split() == []


def _public_classes(module: object) -> set[str]:
    return {
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == vars(module)["__name__"]
    }


def test_the_nouns_are_these() -> None:
    assert _public_classes(rag.types) == set(
        "Answer Block BlockKind Chunk Citation Document Evidence Kind Page Passage Question Scope "
        "Span Statement Status Verdict".split()
    )


def test_the_error_tree_is_the_one_drawn_above_it() -> None:
    drawn: dict[str, str] = {}
    path: list[str] = []
    for indent, name in re.findall(r"^([│├└─ ]*)(\w+Error)\b", rag.errors.__doc__ or "", re.M):
        del path[len(indent) // 4 :]
        if path:
            drawn[name] = path[-1]
        path.append(name)
    actual = {name: getattr(rag.errors, name).__base__.__name__ for name in _errors()}
    assert drawn == {name: base for name, base in actual.items() if name != "ShelftalkError"}


def _errors() -> set[str]:
    return _public_classes(rag.errors)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("rag.engine", "Engine Event"),
        ("rag.question", "MAX_QUESTION"),
        ("rag.config", "Settings load_settings describe"),
        ("rag.embedding", "Embedder open_embedder"),
        ("rag.generation", "open_generator"),
        ("rag.index", "Index"),
        ("rag.models", "resolve"),
        ("rag.retrieval", "Retriever"),
        ("rag.body", "answer_body passage_body"),
        ("indexer.build", "build Progress"),
        ("indexer.check", "check"),
    ],
)
def test_what_others_build_on_is_there(module: str, names: str) -> None:
    found = importlib.import_module(module)
    assert [name for name in names.split() if not hasattr(found, name)] == []


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _options(tree: ast.AST) -> Iterator[tuple[str | None, ast.expr]]:
    """Named values of calls, and of the dictionaries that become such."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from ((keyword.arg, keyword.value) for keyword in node.keywords)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant):
                    yield str(key.value), value


@pytest.mark.parametrize("module", MODULES)
def test_no_data_is_run_as_code(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name.split(".")[0] for alias in node.names}
            names.add((getattr(node, "module", None) or "").split(".")[0])
            assert not names & {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve"}
    for call in _calls(tree):
        name = ast.unparse(call.func)
        assert name not in {"eval", "exec", "yaml.load", "yaml.unsafe_load", "torch.load"}
    for option, value in _options(tree):
        if option in {"trust_remote_code", "allow_pickle"}:
            assert ast.unparse(value) == "False"


@pytest.mark.parametrize("module", MODULES)
def test_no_module_is_longer_than_420_lines(module: str) -> None:
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= 420
