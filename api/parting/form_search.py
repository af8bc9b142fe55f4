"""Looking for one field of a form that comes piece by piece (RFC 7578)."""

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

_LONGEST_BYTES = 256


class FormSearch:
    """Reads until the field has come, or it is clear that it cannot."""

    def __init__(self, content_type: bytes, wanted: bytes) -> None:
        self._wanted = wanted
        self._name = self._value = self._disposition = b""
        self._is_wanted = False
        self._parser = self._parser_of(content_type)
        self.found: str | None = None
        self.goes_on = self._parser is not None

    def feed(self, piece: bytes) -> None:
        """Read on."""
        assert self._parser is not None
        try:
            self._parser.write(piece)
        except FormParserError:
            self.goes_on = False

    def _parser_of(self, content_type: bytes) -> MultipartParser | None:
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            return None
        try:
            return MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._take_name,
                    "on_header_value": self._take_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._take_data,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError:
            return None

    def _begin_part(self) -> None:
        self._name = self._value = self._disposition = b""
        self._is_wanted = False

    def _take_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name = self._value = b""

    def _end_headers(self) -> None:
        options = parse_options_header(self._disposition)[1]
        self._is_wanted = options.get(b"name") == self._wanted and b"filename" not in options

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_wanted and len(self._value) <= _LONGEST_BYTES:
            self._value += data[start:end]

    def _end_part(self) -> None:
        if self._is_wanted and self.found is None:
            self.found = self._value.decode("utf-8", "replace")
            self.goes_on = False

    def _end(self) -> None:
        self.goes_on = False
