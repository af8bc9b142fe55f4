"""The terminal front door."""

from cli.commands import app


def main() -> None:
    """Run the command line."""
    app()


__all__ = ["main"]
