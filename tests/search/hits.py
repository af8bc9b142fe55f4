from vectorstore import Chunk, Hit


def hit(text: str, *, document_id: str = "doc_1", start: int = 0, headings: tuple[str, ...] = ()) -> Hit:
    chunk = Chunk(
        store_id="vs_1",
        document_id=document_id,
        version=1,
        index=0,
        text=text,
        start=start,
        end=start + len(text),
        filename="handbook.md",
        headings=headings,
    )
    return Hit(chunk, 0.5)
