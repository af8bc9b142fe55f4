"""The budget of a model in the database, for the embedder that must keep within it."""

from records import Database, budgets
from upstream import Rates


class SharedBudget:
    """Keeps all processes of one database within a provider's limits together; see `records.budgets`."""

    def __init__(self, database: Database, model: str, rates: Rates) -> None:
        self._database = database
        self._name = model
        self._rates = budgets.Rates(rates.requests_per_minute, rates.tokens_per_minute)
        self.max_call_tokens = self._rates.max_call_tokens
        """Largest call that leaves no debt; None where tokens are not limited."""

    async def take(self, tokens: int, *, urgent: bool) -> float:
        """Take one request of so many tokens; returns 0, or the seconds after which to ask again, and took nothing.

        Raises:
            RecordsError: as the database raises it.
        """
        name, rates = self._name, self._rates
        return await self._database.write(lambda c: budgets.take(c, name, rates, tokens=tokens, urgent=urgent))

    async def hold(self, seconds: float) -> None:
        """Let nobody take anything for so long: the provider has said so.

        Raises:
            RecordsError: as the database raises it.
        """
        await self._database.write(lambda c: budgets.hold(c, self._name, seconds))
