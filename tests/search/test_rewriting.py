"""Questions are written anew by the chat model, where it can."""

from collections.abc import AsyncIterator, Iterator

import pytest

from search import rewritten
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
