"""How hits by meaning and hits by words become one list: the same on both engines, which do it themselves.

Distribution-based score fusion: within each list, the mean of the scores less three standard deviations becomes 0, the
mean plus three becomes 1, and a hit's two values are added; a list that it is not in gives it nothing. Of BM25 the
logarithm, ln(1 + score), is taken first: unlike a cosine it grows with every rare word without end, and one word more
tells less and less. It is ln(1 + |score|) that the engine is asked for, since it refuses what has no logarithm, and its
counts of words, when a crash has torn them, can make scores negative. A list by words that is shorter than wanted is
filled up with hits by meaning whose words count nothing: beside them, the only chunk that has a question's rare word
stands out, where alone it would be the mean of its list. Measured in `docs/decisions/0014-fusion.md`.
"""

from vectorstore.interface import Query

BEST_FUSED = 2.0
"""Sum of a hit that is three standard deviations above the mean of both lists; few reach it."""
FOREIGN_BONUS = 0.5
"""What a hit gets in place of BM25's value where it is in another script than the question, so that it cannot share
words: that of a middling hit. Otherwise a page in another language would lose to any that holds one of the words."""
MISSING = {"$score[0]": 0.0, "$score[1]": 0.0}
"""Score by words, score by meaning; what each is for a hit that the other list has alone."""
TIE = 1e-6
"""Weight of the score by meaning among hits that fill up the list by words: enough to take the nearest ones."""


def depth(query: Query) -> int:
    """Hits of each list that are fused."""
    return max(query.candidates, query.limit)
