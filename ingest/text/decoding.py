"""Finding out in which encoding bytes were written."""

import codecs
import re
from collections import Counter

from ingest.text.single_byte import guess_single_byte

_SAMPLE_BYTES = 65_536
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_EAST_ASIAN = ("gb18030", "big5hkscs", "cp932", "euc_jp", "cp949")
_RARE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd]")
_CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_FREQUENT_HAN = frozenset(
    "的一是不了在人有我他这個个们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着著下自之年过過发發后後作里裡"
    "用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進好小部其些主样樣理心她本前开開但因只从從想实實日"
    "軍者意無无力它与與長长把机機十民第公此已工使情明性知全三又關关点點正业業外将將两兩高间間由问問很最重并並物手应應戰战向头頭文体體政美相"
    "見见被利什二等产產或新己制身果加西斯月話话合回特代内內信表化老給给世位次度門门任常先海通教儿兒原東东声聲提立及比員员解水名真論论处處"
)


def decode(data: bytes, hint: str | None = None) -> str:
    """Decode bytes of unknown encoding; never fails, for single-byte encodings take anything.

    A byte order mark wins, then `hint` (a charset somebody declared) and UTF-8 where they fit without an error, then
    UTF-16 without a mark, then what the statistics of scripts make most plausible.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, errors="replace")
    if wide := _utf16_without_mark(data):
        return data.decode(wide, errors="replace")
    for name in ("utf-8", *_known(hint)):
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    if _is_nearly_utf8(data):
        return data.decode("utf-8", errors="replace")
    return data.decode(_guess(data), errors="replace")


def _known(hint: str | None) -> tuple[str, ...]:
    """The declared charset, by the superset that is meant in practice (WHATWG Encoding Standard, labels)."""
    try:
        name = codecs.lookup((hint or "").strip()).name
    except (LookupError, ValueError):
        return ()
    wider = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932"}
    name = wider.get(name, name)
    return (name,) if _is_text_codec(name) else ()


def _is_text_codec(name: str) -> bool:
    try:
        return isinstance(b"".decode(name), str) and not name.startswith(("utf-16", "utf-32", "utf_16", "utf_32"))
    except (LookupError, UnicodeError):
        return False


def _utf16_without_mark(data: bytes) -> str | None:
    """UTF-16 shows as bytes that no 8-bit text holds: zeros beside ASCII, control codes inside ideographs."""
    sample = data[: _SAMPLE_BYTES if len(data) >= _SAMPLE_BYTES else len(data) // 2 * 2]
    if _CONTROL_BYTES.search(sample) is None:
        return None
    score, name = max((_utf16_score(sample, name), name) for name in ("utf-16-be", "utf-16-le"))
    return name if score > 0.5 else None  # noqa: PLR2004


def _utf16_score(sample: bytes, name: str) -> float:
    """The share of characters that texts are made of; a wrong guess yields rare ideographs."""
    text = sample.decode(name, errors="replace")
    strange = len(_RARE.findall(text))
    usual = sum(character <= "\u06ff" or _kind(character) not in {"strange", "han"} for character in text)
    han = sum("\u4e00" <= character <= "\u9fff" for character in text)
    return (usual + 0.6 * han - 5 * strange) / max(1, len(text))


def _is_nearly_utf8(data: bytes) -> bool:
    """UTF-8 with a few broken bytes (a cut log, a bad paste) is still UTF-8."""
    sample = data[:_SAMPLE_BYTES]
    text = sample.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    wide = sum(character > "\x7f" for character in text) - broken
    return wide > 4 * broken


def _guess(data: bytes) -> str:
    sample = _around_high_bytes(data)
    east = [(score, name) for name in _EAST_ASIAN if (score := _east_asian_score(sample, name)) > 0]
    if east:
        return max(east)[1]
    return guess_single_byte(sample[:8192])


def _around_high_bytes(data: bytes) -> bytes:
    """A sample that holds what matters: a long ASCII beginning says nothing."""
    found = re.search(rb"[\x80-\xff]", data)
    start = max(0, found.start() - 1024) if found else 0
    return data[start : start + _SAMPLE_BYTES]


def _east_asian_score(sample: bytes, name: str) -> float:
    """How much the sample looks like Chinese, Japanese or Korean in this encoding; 0 when it cannot be.

    Wrong decodings yield rare ideographs and half-width katakana; right ones yield kana, hangul, full-width
    punctuation and the few hundred ideographs of which half of any text consists.
    """
    text = sample.decode(name, errors="replace")
    if text.rstrip("\ufffd").count("\ufffd") * 200 > len(text):
        return 0.0
    wide = [character for character in text if character > "\x7f"]
    counts = Counter(map(_kind, wide))
    if not wide or counts["strange"] * 20 > len(wide):
        return 0.0
    good = counts["kana"] + counts["hangul"] + counts["frequent"] + 0.7 * counts["punctuation"] + 0.35 * counts["han"]
    score = (good - 2 * counts["strange"] - 0.5 * counts["half_kana"]) / len(wide)
    return score if score > 0.3 and _comes_in_runs(text) else 0.0  # noqa: PLR2004


def _kind(character: str) -> str:  # noqa: PLR0911 -- a table of ranges reads best as one
    if character in _FREQUENT_HAN:
        return "frequent"
    if "\u4e00" <= character <= "\u9fff":
        return "han"
    if "\u3041" <= character <= "\u30ff":
        return "kana"
    if "\uac00" <= character <= "\ud7a3":
        return "hangul"
    if "\u3000" <= character <= "\u3020" or "\uff01" <= character <= "\uff5e" or character in "“”‘’…—·《》":
        return "punctuation"
    if "\uff61" <= character <= "\uff9f":
        return "half_kana"
    return "strange"


def _comes_in_runs(text: str) -> bool:
    """Western text also decodes to an ideograph here and there, but not to several in a row."""
    runs = [len(run) for run in re.findall("[\u3000-\u9fff\uac00-\ud7a3\uff00-\uff5e]+", text)]
    return bool(runs) and (max(runs) >= 4 or sum(runs) >= 2 * len(runs))  # noqa: PLR2004
