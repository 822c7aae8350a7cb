"""The `shelftalk` command. Heavy imports wait until a command needs them."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from api import index_commands, keys_command, options
from rag.config import describe, load_settings
from rag.errors import ConfigError
from rag.types import Question

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Answers shoppers' questions from a shop's own documents, with verified citations.",
)
app.add_typer(index_commands.app)
app.add_typer(keys_command.app, name="keys")

_SWITCH = 0.0003
"""Seconds a thread may go on in Python while another waits; with Python's 5 ms the event loop
waits for every question that is being answered (a seventh more searches a second, measured)."""


@app.command(epilog='Example: shelftalk ask "How heavy is it?" --product BR-KT17')
def ask(
    question: Annotated[str, typer.Argument(help="What a shopper would ask.")],
    product: options.Product = None,
    variant: options.Variant = None,
    kind: options.Kinds = None,
    locale: options.Locale = None,
    as_of: options.AsOf = None,
    shop: options.Shop = None,
    filter_: options.Where = None,
    index: options.Index = None,
    embedder: options.Embedder = None,
    generator: options.Generator = None,
    json_: options.Json = False,
) -> None:
    """Answer a question, with numbered citations."""
    from api import terminal
    from rag.body import answer_body
    from rag.engine import Engine

    with options.errors_as_exit_codes():
        asked = Question(
            question, options.scope(product, variant, kind, locale, as_of, shop, filter_)
        )
        settings = load_settings(index=index, embedder=embedder, generator=generator)
        engine = Engine.open(settings, terminal.say)
        if json_:
            options.print_json(answer_body(engine.ask(asked)))
        else:
            terminal.show_stream(engine.stream(asked))


@app.command(epilog='Example: shelftalk search "descale" --kind manual -k 3')
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages.")] = 5,
    product: options.Product = None,
    variant: options.Variant = None,
    kind: options.Kinds = None,
    locale: options.Locale = None,
    as_of: options.AsOf = None,
    shop: options.Shop = None,
    filter_: options.Where = None,
    index: options.Index = None,
    embedder: options.Embedder = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what was looked for, and how scores came about.")
    ] = False,
    json_: options.Json = False,
) -> None:
    """Show the passages a question finds, and the parts of their scores."""
    from api import terminal
    from api.explain import explanation_body, matched
    from rag.body import passage_body
    from rag.engine import Engine

    with options.errors_as_exit_codes():
        asked = Question(query, options.scope(product, variant, kind, locale, as_of, shop, filter_))
        settings = load_settings(index=index, embedder=embedder, generator="extractive")
        engine = Engine.open(settings, terminal.say)
        plan, passages = engine.planned(asked, k)
        why = explanation_body(plan, engine.retriever) if explain else None
        if json_:
            found = [passage_body(one) | {"matched": matched(one, plan)} for one in passages]
            body = {"passages": found, "generation": engine.generation}
            options.print_json(body | ({"explanation": why} if why else {}))
        else:
            if why:
                terminal.show_explanation(why)
            terminal.show_passages(passages, plan, explain)


@app.command("eval", epilog="Example: shelftalk eval corpus/qa.jsonl --split dev --report report")
def evaluate(
    qa: Annotated[
        Path, typer.Argument(help="Questions: JSONL, CSV, SQuAD's JSON, or a BEIR folder.")
    ],
    report: Annotated[Path, typer.Option("--report", help="Folder for what comes of it.")] = Path(
        "report"
    ),
    split: Annotated[str | None, typer.Option(help="Only the rows of this split.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many questions, evenly taken.")
    ] = None,
    retrieval_only: Annotated[
        bool, typer.Option("--retrieval-only", help="Leave the answers out.")
    ] = False,
    baseline: Annotated[
        Path | None, typer.Option(help="An earlier report's metrics.json, to compare with.")
    ] = None,
    gate: Annotated[
        list[str] | None,
        typer.Option(
            help="'hit@5>=0.9', 'correct[kind=spec]>=0.5', 'no worse: hit@5'; repeatable."
        ),
    ] = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Fit the threshold of silence to these questions.")
    ] = False,
    target_error: Annotated[
        float, typer.Option(min=0, max=1, help="Share of wrong answers to calibrate for.")
    ] = 0.05,
    judge: Annotated[
        str | None, typer.Option(help="A generator's name, for a second opinion that only warns.")
    ] = None,
    pin: Annotated[
        bool, typer.Option("--pin", help="Write down that the gold fits the documents as they are.")
    ] = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Count gold not in the index as never found.")
    ] = False,
    index: options.Index = None,
    embedder: options.Embedder = None,
    generator: options.Generator = None,
    json_: options.Json = False,
) -> None:
    """Ask every question of a QA set, score the answers, and hold them against gates."""
    from api import evaluating

    with options.errors_as_exit_codes():
        settings = load_settings(
            index=index,
            embedder=embedder,
            generator="extractive" if retrieval_only else generator,
        )
        done = evaluating.run(
            evaluating.Wanted(
                qa, report, split, limit, retrieval_only, baseline, tuple(gate or ()),
                target_error if calibrate else None, judge, pin, allow_missing,
            ),
            settings,
        )  # fmt: skip
        if json_:
            options.print_json(done.body())
        else:
            done.show()
        raise typer.Exit(0 if done.report.passed else 1)


@app.command(epilog="Example: shelftalk serve --index index --port 8000")
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    index: options.Index = None,
    embedder: options.Embedder = None,
    generator: options.Generator = None,
) -> None:
    """Serve the HTTP API."""
    import uvicorn

    from api import logs
    from api.addresses import listening
    from api.app import create_app
    from api.keys import KeyFile
    from rag.engine import require_usable

    with options.errors_as_exit_codes():
        settings = load_settings(index=index, embedder=embedder, generator=generator)
        for shop in settings.shops.values() or [settings]:
            # Say at once what would keep the service from ever being ready.
            require_usable(settings.model_copy(update={"index": shop.index}))
        if KeyFile(settings.serving.keys).read() is None and settings.shops:
            raise ConfigError(
                "Keys tell several shops apart, and there are none yet. Make one for each with: "
                "shelftalk keys new admin --shop SHOP"
            )
        with listening(host, port) as listener:
            logs.to_stderr()
            app = create_app(settings, host=host)
            server = uvicorn.Server(
                uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=30)
            )
            sys.setswitchinterval(_SWITCH)
            server.run(sockets=[listener])


@app.command(epilog="Example: shelftalk mcp --index index")
def mcp(
    http: Annotated[bool, typer.Option("--http", help="Listen at /mcp, not on stdin.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8001,
    shop: Annotated[
        str | None, typer.Option(help="Whose documents, where there are several shops.")
    ] = None,
    index: options.Index = None,
    embedder: options.Embedder = None,
    generator: options.Generator = None,
) -> None:
    """Serve the shop's knowledge to assistants, by the Model Context Protocol."""
    from api.mcp_command import run

    with options.errors_as_exit_codes():
        settings = load_settings(index=index, embedder=embedder, generator=generator)
        run(settings, shop, (host, port) if http else None)


@app.command(epilog="Example: shelftalk config --json")
def config(json_: options.Json = False) -> None:
    """Show the effective settings with their help."""
    with options.errors_as_exit_codes():
        effective = load_settings().model_dump(mode="json")
        if json_:
            options.print_json(effective)
            return
        for key, _, text in describe():
            value: Any = effective
            for part in key.split("."):
                value = value[part]
            typer.echo(f"{key} = {value!r}\n    {text}")
