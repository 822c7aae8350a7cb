"""Six questions to the sample shop, of six kinds; the last one its documents do not answer."""

import sys
from pathlib import Path

from api import terminal
from rag.config import load_settings
from rag.engine import Engine
from rag.types import Question, Scope

QUESTIONS = (
    ("a spec", "BR-KT17", "How heavy is it?"),
    ("its sibling's spec", "BR-KT12", "How heavy is it?"),
    ("a policy", None, "How many days do I have to send something back?"),
    ("a how-to", "DW-FL0", "How do I wash it?"),
    ("reviews", "MH-TN2", "What do reviewers say about condensation?"),
    ("not in the documents", "CV-AP20", "Does it have Wi-Fi?"),
)


def main() -> None:
    """Ask them all of the index named on the command line."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "index")
    settings = load_settings(index=folder, contact="help@wrenfield.example")
    engine = Engine.open(settings, terminal.say)
    for kind, product, text in QUESTIONS:
        on = f" (on the page of {product})" if product else ""
        terminal.out.print(f"\n[bold]{text}[/bold]{on} [dim]– {kind}[/dim]")
        terminal.show_stream(engine.stream(Question(text, Scope(product_id=product))))
    terminal.out.print(f"\nServe it: .venv/bin/shelftalk serve --index {folder}")


if __name__ == "__main__":
    main()
