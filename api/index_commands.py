"""`shelftalk index`, `rollback` and `check`: what is done to an index, not asked of it."""

from pathlib import Path
from typing import Annotated

import typer

from api import options
from rag.config import load_settings

app = typer.Typer()


@app.command(epilog="Example: shelftalk index corpus --index index")
def index(
    corpus: Annotated[list[Path], typer.Argument(help="Folders or files with the documents.")],
    index: options.Index = None,
    embedder: options.Embedder = None,
    keep: options.Keep = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on, and publish again whenever a file is saved.")
    ] = False,
    json_: options.Json = False,
) -> None:
    """Index documents and publish them."""
    from api import terminal
    from indexer.build import build
    from indexer.watch import changes, when_free
    from rag.embedding import open_embedder

    with options.errors_as_exit_codes():
        settings = load_settings(
            index=index, embedder=embedder, indexing={"keep": keep} if keep else None
        )
        model = open_embedder(settings.embedder, terminal.say)

        def run() -> None:
            with terminal.Bar() as bar:
                report = build(corpus, settings, model, bar)
            if json_:
                options.print_json(report.body())
            else:
                terminal.show_report(report, str(settings.index))

        if not watch:
            run()
            return
        coming = changes(corpus, settings.index)
        next(coming)
        run()
        for _ in coming:
            with options.errors_as_lines():
                when_free(run, terminal.say)


@app.command(epilog="Example: shelftalk rollback index")
def rollback(
    folder: Annotated[Path | None, typer.Argument(help="Folder of the index.")] = None,
    index: options.Index = None,
    to: Annotated[
        str | None, typer.Option("--to", help="A generation's id; else the one before.")
    ] = None,
    json_: options.Json = False,
) -> None:
    """Publish an earlier generation again."""
    from indexer.publish import roll_back
    from rag.manifest import Layout

    with options.errors_as_exit_codes():
        settings = load_settings(index=folder or index)
        manifest = roll_back(Layout(settings.index), to)
        if json_:
            options.print_json({"generation": manifest.id, "created": manifest.created})
        else:
            typer.echo(f"{settings.index} is back at generation {manifest.id}.")


@app.command(epilog="Example: shelftalk check index --repair")
def check(
    folder: Annotated[Path | None, typer.Argument(help="Folder of the index.")] = None,
    index: options.Index = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="First publish again what can be saved of it.")
    ] = False,
    json_: options.Json = False,
) -> None:
    """Verify every checksum and every offset of a published index."""
    from api import terminal
    from indexer.check import check as check_index
    from indexer.repair import repair as repair_index
    from rag.embedding import open_embedder
    from rag.manifest import Layout

    with options.errors_as_exit_codes():
        settings = load_settings(index=folder or index)
        done = (
            repair_index(Layout(settings.index), open_embedder, settings.indexing.keep)
            if repair
            else None
        )
        result = check_index(settings.index)
        if json_:
            options.print_json({**result.body(), **({"repair": done.what} if done else {})})
        else:
            for line in (*([done.what] if done else []), *result.problems, result.summary()):
                terminal.out.print(line, markup=False)
        raise typer.Exit(1 if result.problems else 0)
