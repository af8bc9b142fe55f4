"""Rich Text Format (.rtf)."""

from striprtf.striprtf import rtf_to_text

from ingest.parsing.composing import Composer
from ingest.parsing.extracted import Extracted, Limits


def read(data: bytes, limits: Limits) -> Extracted:
    """Read the text; RTF has no headings to speak of."""
    composer = Composer(limits)
    text = str(rtf_to_text(data.decode("latin-1"), errors="replace"))  # type: ignore[no-untyped-call]
    for paragraph in text.split("\n"):
        composer.paragraph(paragraph.replace("|", " | ").strip(" |"))
    return composer.finish("application/rtf")
