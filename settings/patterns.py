"""Names with `*` for any characters, as models are given in options and keys."""

import re
from functools import lru_cache


def fits(name: str, pattern: str) -> bool:
    """Whether the name is one that the pattern stands for; nothing but `*` has a meaning of its own."""
    return _compiled(pattern).fullmatch(name) is not None


@lru_cache(maxsize=4_096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
