"""Text that every upstream can read."""


def clean(text: str) -> str:
    """The text as valid Unicode that is neither empty nor holds NUL.

    Surrogate halves from broken decoders are joined, or replaced by U+FFFD, since neither JSON in UTF-8 nor the local
    model can carry them. A text without anything to read becomes one space: OpenAI refuses empty strings, and callers
    get one vector for each text whatever it holds.
    """
    readable = _join_surrogates(text).replace("\0", "")
    return readable if readable and not readable.isspace() else " "


def _join_surrogates(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
