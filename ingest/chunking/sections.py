"""Which page and which headings an offset lies under."""

from bisect import bisect_right

from ingest.parsing.extracted import Extracted, Heading


class Sections:
    """Looks up pages and heading paths of one document."""

    def __init__(self, extracted: Extracted) -> None:
        self._text = extracted.text
        self._headings = extracted.headings
        self._heading_starts = [heading.start for heading in extracted.headings]
        self._paths = _paths(extracted.headings)
        self._pages = extracted.pages
        self._page_starts = [page.start for page in extracted.pages]

    def page(self, offset: int) -> int | None:
        """The page an offset lies on."""
        index = bisect_right(self._page_starts, offset) - 1
        return self._pages[index].number if index >= 0 else None

    def path(self, start: int, end: int) -> tuple[str, ...]:
        """Headings above a chunk's text; a title and the first section's heading under it both count."""
        index = bisect_right(self._heading_starts, start) - 1
        if index < 0:
            return ()
        if self._heading_starts[index] == start:
            while self._next_follows_at_once(index, end):
                index += 1
        return self._paths[index]

    def _next_follows_at_once(self, index: int, end: int) -> bool:
        if index + 1 >= len(self._headings):
            return False
        here, following = self._headings[index], self._headings[index + 1]
        if following.start >= end or following.level <= here.level:
            return False
        line_end = self._text.find("\n", here.start, following.start)
        return line_end >= 0 and not self._text[line_end : following.start].strip("\n =-")


def _paths(headings: tuple[Heading, ...]) -> list[tuple[str, ...]]:
    paths: list[tuple[str, ...]] = []
    open_headings: list[Heading] = []
    for heading in headings:
        while open_headings and open_headings[-1].level >= heading.level:
            open_headings.pop()
        open_headings.append(heading)
        paths.append(tuple(item.title for item in open_headings))
    return paths
