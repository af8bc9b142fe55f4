"""Telling the encodings apart in which every byte is a letter."""

_CODECS = {
    "cp1252": "äöüßéèêëàâçîïôûùñáíóúåøæãõœ",
    "cp1250": "ąćęłńóśźżčďěňřšťůýžáéíúőűöüäăîţş",
    "iso8859_2": "ąćęłńóśźżčďěňřšťůýžáéíúőűöüäăîţş",
    "cp1254": "çğıİöşüâî",
    "cp1257": "āčēģīķļņšūžąęėįųõäöü",
    "cp1251": "оеаинтсрвлкмдпуяіў",
    "koi8_r": "оеаинтсрвлкмдпуя",
    "cp866": "оеаинтсрвлкмдпуя",
    "cp1253": "αοιετσνηυρπκμλςωάόίέή",
    "cp1255": "יוהלאמרתבשנכםדחעפגטסקצן",
    "cp1256": "اليمونرتبةعدسفهكحق",
}
"""Encodings, the commonest first, and the letters outside ASCII that texts written in them use most."""

_LATIN = frozenset({"cp1252", "cp1250", "iso8859_2", "cp1254", "cp1257"})
_TYPOGRAPHY = frozenset("“”„‘’‚–—…«»€°©®§·•×¿¡№\xa0،؟")


def guess_single_byte(sample: bytes) -> str:
    """The encoding in which the bytes above ASCII make the likeliest letters; Western European on a draw."""
    return max(_CODECS, key=lambda name: _score(sample.decode(name, errors="replace"), name))


def _score(text: str, name: str) -> float:
    usual, latin = _CODECS[name], name in _LATIN
    score = 0.0
    before = " "
    for character in text:
        if character > "\x7f":
            score += _letter_score(character, usual)
            if character.isupper() and before.isalpha():
                score -= 1 if before.islower() else 0.4
        score -= _neighbour_penalty(before, character, latin=latin)
        before = character
    return score


def _letter_score(character: str, usual: str) -> float:
    if character.lower() in usual:
        return 1.0
    if character in _TYPOGRAPHY:
        return 0.5
    return -0.5 if character.isalpha() else -1.0


def _neighbour_penalty(before: str, character: str, *, latin: bool) -> float:
    """Latin scripts mix plain and accented letters in a word, the others never mix with plain ones."""
    if not (before.isalpha() and character.isalpha()):
        return 0.0
    wide = (before > "\x7f") + (character > "\x7f")
    if latin:
        return 0.7 if wide == 2 else 0.0  # noqa: PLR2004
    return 1.0 if wide == 1 else 0.0
