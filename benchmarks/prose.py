"""Text that resembles English: common words are common, rare ones are many, sentences and paragraphs vary in length."""

import random
from collections.abc import Sequence

_FUNCTION = """
the of and to a in is for that with on as are this by be it from or an at not can if when which has
""".split()  # noqa: SIM905 - a list literal would be a page long
_CONTENT = """
account adapter address agent alarm archive area article audit backup balance battery bearing belt board boiler
branch bridge budget buffer bundle cable cache calendar capacity cargo carrier cell chain chamber channel charge
chart circuit claim clause client clock cluster column component condition contract control cooler copy cost
counter cover crew cycle damage data date deadline delay delivery demand deposit depth design detail device
diagram display district document domain door drain drive duct edge effect engine entry error estimate event
evidence exchange exit factor failure feature field figure file filter finding flange fleet flow folder force form
frame freight fuel function gate gauge goods grade grid group guide handle harbour heater height index input
inspection interval invoice item joint journal label layer lease ledger length lever licence limit line link list
load lock machine manual margin market measure member memory message meter method model module monitor motor
network node notice number object office operator option order outlet output owner package page panel part path
payment permit phase pipe plan plate pressure price printer process product profile project pump quality query
range rate reading reason record reference region release repair report request reserve result review risk role
room route rule sample scale schedule school screen seal section sensor series server service session share sheet
shift signal site source speed staff stage standard state station status step stock storage store study supply
switch system table tank target task team tenant term test ticket title tool track traffic transfer trench trial
unit update user valve value vehicle vendor version vessel volume voyage warning waste water weight window worker
""".split()  # noqa: SIM905 - as above
_FUNCTION_SHARE, _RARE_SHARE = 0.42, 0.12


class Writer:
    """Writes the same text for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._weights = [1 / (rank + 8) for rank in range(len(_CONTENT))]

    def word(self) -> str:
        """One word; a rare one is made of two common ones, or is a number."""
        kind = self._random.random()
        if kind < _FUNCTION_SHARE:
            return self._random.choice(_FUNCTION)
        if kind < _FUNCTION_SHARE + _RARE_SHARE:
            first, second = self._common(2)
            return first + second if kind < 0.5 else str(self._random.randint(2, 9_999))
        return self._common(1)[0]

    def sentence(self) -> str:
        """Six to twenty-four words and a full stop."""
        words = [self.word() for _ in range(self._random.randint(6, 24))]
        return " ".join(words).capitalize() + "."

    def paragraph(self) -> str:
        """Two to six sentences."""
        return " ".join(self.sentence() for _ in range(self._random.randint(2, 6)))

    def title(self) -> str:
        """Two or three words."""
        return " ".join(self._common(self._random.randint(2, 3))).title()

    def question(self) -> str:
        """What somebody may ask."""
        return f"What is the {' '.join(self._common(3))} of the {self.word()}?"

    def number(self, low: int, high: int) -> int:
        """A number from `low` to `high`."""
        return self._random.randint(low, high)

    def _common(self, count: int) -> Sequence[str]:
        return self._random.choices(_CONTENT, self._weights, k=count)
