import io

from rich.console import Console

from cli.showing import show_doubts


def test_only_what_the_documents_do_not_bear_out_is_named_and_why() -> None:
    console = Console(file=io.StringIO(), width=40)
    sentences = [
        {"text": "Three weeks.", "grounded": True, "reason": None},
        {"text": "Four [bold]\nweeks.\x1b[2J", "grounded": False, "reason": "number_not_found"},
    ]
    show_doubts(sentences, console)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "Not borne out (number not found): Four [bold] weeks.[2J\n"
