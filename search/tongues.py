"""Which language a question is in, as far as one sentence in answer to it needs to know."""

import re

_SCRIPTS = {
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "ko": re.compile(r"[\uac00-\ud7af]"),
    "zh": re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]"),
    "ru": re.compile(r"[\u0400-\u04ff]"),
}
"""In this order: Japanese and Korean texts may hold Chinese characters."""
_TRADITIONAL = frozenset(
    "個們來這說時為會對學樣開關問請見間門點兩無與書車東長電話員當從動經應發現過還讓誰麼國實總數幾種類體義務報場廣專業買賣"
    "處幫費錢難雙頭頁題顯歡氣沒濟減準熱狀產異畢療盡監確礙禮種稱穩競筆節級細終給統維網線緊練織繼續聯聲職聽腦與舊藥蘭號術衛"
    "規覺親觀計訂討訓記設許評詞試詳認語誤課調談論證護變讀負財責貨質購運達遠適選遲郵鄉鐵錯鍵鎖鏡閉陰陽階隊際險隱離雖雜靜響"
    "須預領頻願風飛飯館驗髮魚鳥麗黃齊"
)
_WORDS = {
    "en": "the is are was were what when where who which how does did do of in to and for a an there can much many",
    "de": "der die das ist sind war wie wann wo wer was warum welche welcher welches und ein eine nicht von den dem im",
    "fr": "le la les est sont qui que quoi quel quelle quels quelles comment pourquoi quand où des du une un et dans",
    "es": "el la los las es son quién qué cuál cuándo dónde cómo por cuánto cuántos del una un y en se fue",
    "pt": "o os as é são quem que qual quando onde como quanto quantos do da uma um e em não foi no na",
    "it": "il lo gli è sono chi che cosa quale quando dove come perché quanto quanti della del una un e di nel",
}
"""Small words that questions in a language can hardly do without."""
_COMMON = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_FEWEST = 2


def tongue_of(question: str) -> str:
    """The language as a BCP 47 tag: zh-Hans, zh-Hant, ja, ko, ru, de, fr, es, pt or it; `en` for all others."""
    for language, script in _SCRIPTS.items():
        if script.search(question):
            return _chinese(question) if language == "zh" else language
    words = re.findall(r"[^\W\d_]+", question.casefold())
    found = {language: sum(word in common for word in words) for language, common in _COMMON.items()}
    best = max(found, key=lambda language: found[language])  # English, where it is as likely
    return best if found[best] >= _FEWEST else "en"


def _chinese(question: str) -> str:
    return "zh-Hans" if _TRADITIONAL.isdisjoint(question) else "zh-Hant"
