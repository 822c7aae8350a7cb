"""The entry point of the command. Imports nothing before it can be interrupted."""

import sys

INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""


def main() -> None:
    """Run the command."""
    try:
        from api.cli import app

        app()
    except KeyboardInterrupt:
        sys.stderr.write("shelftalk: interrupted; what was published before is untouched.\n")
        raise SystemExit(INTERRUPTED) from None
