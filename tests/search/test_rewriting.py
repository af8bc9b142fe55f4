"""Questions are written anew by the chat model, where it can."""

from collections.abc import AsyncIterator, Iterator

import pytest

from search import formulated, rewritten
from settings.options import UpstreamSettings
from tests.fakes.openai_server import Behaviour, FakeOpenAI
from upstream import Chat, Ending, Message, open_upstream

pytestmark = pytest.mark.anyio

HISTORY = [Message("user", "Lend me a telescope."), Message("assistant", "Gladly [1].")]


@pytest.fixture
def fake() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture
async def chat(fake: FakeOpenAI) -> AsyncIterator[Chat]:
    async with open_upstream(UpstreamSettings(base_url=fake.base_url, max_retries=0)) as upstream:
        assert upstream.chat is not None
        yield upstream.chat


async def test_the_model_is_shown_the_conversation_and_its_question_is_taken(fake: FakeOpenAI, chat: Chat) -> None:
    fake.script(Behaviour("reply", body='"How long may a\n telescope be kept?"'))
    ending = Ending()
    assert await rewritten("How long?", chat, HISTORY, ending) == "How long may a telescope be kept?"
    shown = fake.requests[0].body["messages"][1]["content"]
    assert "user: Lend me a telescope.\nassistant: Gladly." in shown
    assert shown.endswith("How long?")
    assert ending.use is not None


@pytest.mark.parametrize("behaviour", [Behaviour("status", 500), Behaviour("reply", body=" \n ")])
async def test_a_model_that_is_of_no_help_leaves_the_question_as_it_is(
    fake: FakeOpenAI, chat: Chat, behaviour: Behaviour
) -> None:
    fake.script(behaviour)
    assert await rewritten("How long?", chat, HISTORY) == "How long?"


async def test_without_a_model_the_question_stays_as_it_is() -> None:
    assert await rewritten("How long?", None, HISTORY) == "How long?"


async def test_one_call_writes_the_question_and_other_ways_of_putting_it(fake: FakeOpenAI, chat: Chat) -> None:
    fake.script(
        Behaviour("reply", body='"How long may it be kept?"\n\n1. Loan period\n- loan period\n• Lending rules\nMore')
    )
    ending = Ending()
    queries = await formulated("How long?", chat, HISTORY, 3, ending)
    assert queries == ["How long may it be kept?", "Loan period", "Lending rules"]
    assert len(fake.requests) == 1
    assert ending.use is not None


async def test_a_question_that_stands_on_its_own_is_searched_for_as_it_is_too(fake: FakeOpenAI, chat: Chat) -> None:
    fake.script(Behaviour("reply", body="How long is a loan?\nLoan period"))
    assert await formulated("How long?", chat, [], 3) == ["How long?", "How long is a loan?", "Loan period"]


async def test_one_question_without_a_conversation_needs_no_call(fake: FakeOpenAI, chat: Chat) -> None:
    assert await formulated("How long?", chat, [], 1) == ["How long?"]
    assert await formulated("How long?", None, HISTORY, 3) == ["How long?"]
    assert fake.requests == []


@pytest.mark.parametrize("behaviour", [Behaviour("status", 500), Behaviour("reply", body=" \n ")])
@pytest.mark.parametrize("history", [[], HISTORY])
async def test_a_model_that_is_of_no_help_leaves_the_question_alone(
    fake: FakeOpenAI, chat: Chat, behaviour: Behaviour, history: list[Message]
) -> None:
    fake.script(behaviour)
    assert await formulated("How long?", chat, history, 3) == ["How long?"]
