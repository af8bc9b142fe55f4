"""Orders to a model, inside of documents: what an answer must not stand on."""

import re

_OVERRULING = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|rules?|prompts?|guidelines|directions)\b"
    r"|\byou are now\b|\bnew (?:system )?(?:instructions|prompt)\s*:|(?:^|\n)\s*(?:system|assistant)\s*:"
    r"|(?:忽略|无视|無視|不要理会|忘记|忘掉).{0,20}(?:指令|指示|规则|規則|提示|要求)|你现在是|你現在是",
    re.IGNORECASE | re.DOTALL,
)
_COMMANDING = re.compile(
    r"\b(?:system prompt|language model|as an ai\b|ai (?:model|assistant)s?|chatbot)\b"
    r".{0,60}\b(?:must|should|shall|need to|always|never)\b"
    r"|\b(?:respond|reply|answer)\s+(?:only\s+|always\s+|instead\s+)?(?:with|that|by)\b"
    r"|\b(?:tell|inform|assure|convince|ask)\s+(?:the\s+)?(?:users?|readers?|them)\s+(?:that|to)\b"
    r"|(?:请|請|必须|必須|只能|应当)(?:回答|回复|回覆|告诉用户|告訴用戶|输出|輸出)",
    re.IGNORECASE | re.DOTALL,
)


def overrules(sentence: str) -> bool:
    """Whether a sentence tells a model to leave its own rules; what follows is then an order, too."""
    return _OVERRULING.search(sentence) is not None


def commands(sentence: str) -> bool:
    """Whether a sentence tells a model what to answer."""
    return overrules(sentence) or _COMMANDING.search(sentence) is not None
