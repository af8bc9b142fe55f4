"""Simplified and traditional Chinese."""

import re
from functools import cache

from opencc import OpenCC

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def simplified(text: str) -> str:
    """The text in simplified characters (頭髮 and 头发 are both 头发), for comparing; what is shown stays as it is.

    Characters alone: words that differ by region (軟體, 软件) stay different, since turning one into the other also
    turns words of simplified texts that mean something else (程序, 文件). Japanese loses its own forms, too.
    """
    return _converter().convert(text) if _HAN.search(text) else text


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")
