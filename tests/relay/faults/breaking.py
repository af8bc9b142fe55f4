"""Parts in which upstreams break, stall, refuse and vanish."""

import asyncio
from collections.abc import Callable
from itertools import count

from tests.fakes.echo_server import Fault, Recorded, Reply, limited
from tests.relay.faults.course import LOST, SHARED, SPARED, Course, broken_stream, well
from tests.relay.faults.verdicts import Outcome, Verdict, judge

_MALFORMED = b'data: {"choices": [{"delta"\r\rdata: \xff\xfe\n\n: \n\ndata: not json\n\ndata: [DONE]\n\n'


def every(nth: int, faulty: Reply) -> Callable[[Recorded], Reply]:
    """An upstream of which each so manieth request goes wrong."""
    numbers = count(1)
    return lambda recorded: faulty if next(numbers) % nth == 0 else well(recorded)


async def resets_before_an_answer(course: Course, calls: int) -> Outcome:
    """Answers of models are asked for once more, so that nobody notices."""
    course.answer_with(every(3, Reply(before=[Fault.RESET])))
    return Outcome.of(await course.calls(course.request(model=SHARED), calls))


async def resets_in_a_body(course: Course, calls: int) -> Outcome:
    """What broke off cannot be taken for the whole."""
    cut = Reply([b'{"id": "chatcmpl-1", ', Fault.RESET], declared_bytes=10_000)
    course.answer_with(every(2, cut))
    return Outcome.of(await course.calls(course.request(model=SHARED), calls))


async def resets_in_a_stream(course: Course, calls: int) -> Outcome:
    """The stream ends with an error in OpenAI's shape."""
    course.answer_with(lambda _: broken_stream(b'data: {"choi', Fault.RESET))
    outcome = Outcome.of(await course.calls(course.request(stream=True), calls))
    outcome.expect(
        outcome.verdicts[Verdict.REFUSED] == calls, f"not every stream ended with an error: {outcome.verdicts}"
    )
    return outcome


async def half_closed_streams(course: Course, calls: int) -> Outcome:
    """The upstream says that nothing more comes, before the end."""
    course.answer_with(lambda _: broken_stream(Fault.HALF_CLOSE))
    outcome = Outcome.of(await course.calls(course.request(stream=True), calls))
    outcome.expect(
        outcome.verdicts[Verdict.REFUSED] == calls, f"not every stream ended with an error: {outcome.verdicts}"
    )
    return outcome


async def stalls_before_an_answer(course: Course, calls: int) -> Outcome:
    """Nothing comes; the time-out ends it."""
    course.answer_with(lambda _: Reply(before=[Fault.STALL]))
    outcome = Outcome.of(await course.calls(course.request(model=SHARED), calls))
    outcome.expect(not outcome.verdicts[Verdict.ANSWERED], "a call was answered that nobody answered")
    return outcome


async def stalls_in_a_stream(course: Course, calls: int) -> Outcome:
    """Silence in the middle; the time-out ends it with an error."""
    course.answer_with(lambda _: broken_stream(Fault.STALL))
    outcome = Outcome.of(await course.calls(course.request(stream=True), calls))
    outcome.expect(
        outcome.verdicts[Verdict.REFUSED] == calls, f"not every stream ended with an error: {outcome.verdicts}"
    )
    return outcome


async def malformed_events(course: Course, calls: int) -> Outcome:
    """What is no event passes as it is."""
    course.answer_with(lambda _: broken_stream(_MALFORMED))
    answers = await course.calls(course.request(stream=True), calls)
    outcome = Outcome.of(answers)
    outcome.expect(all(answer.body.endswith(_MALFORMED) for answer in answers), "bytes of the stream were changed")
    return outcome


async def answers_that_are_no_http(course: Course, calls: int) -> Outcome:
    """A server that speaks something else."""
    course.answer_with(lambda _: Reply([b"SSH-2.0-OpenSSH_9.6\r\n\r\n", Fault.CLOSE], framing="raw"))
    outcome = Outcome.of(await course.calls(course.request(), calls))
    outcome.expect(outcome.verdicts[Verdict.REFUSED] == calls, f"not every client got an error: {outcome.verdicts}")
    return outcome


async def storm_of_429(course: Course, calls: int) -> Outcome:
    """Four of five calls are refused for now; the pause asked for is honoured."""
    numbers = count()
    course.answer_with(lambda recorded: well(recorded) if next(numbers) % 5 == 0 else limited("1"))
    answers = await course.calls(course.request(model=SHARED), calls, 64)
    outcome = Outcome.of(answers)
    other = {answer.status for answer in answers} - {200, 429, 503}
    outcome.expect(not other, f"clients got {other}")
    return outcome


async def unknown_names(course: Course, calls: int) -> Outcome:
    """DNS does not know one upstream: its own models fail clearly, those that another has too are answered."""
    course.answer_with(well)
    lost = await course.calls(course.request(model=LOST), calls // 2)
    spared = await course.calls(course.request(model=SPARED), calls - calls // 2)
    outcome = Outcome.of([*lost, *spared])
    outcome.expect(all(judge(answer) is Verdict.REFUSED for answer in lost), "a lost model was answered")
    outcome.expect(all(answer.status == 200 for answer in spared), "the other upstream was not asked")
    return outcome


async def one_of_three_dies_and_returns(course: Course, calls: int) -> Outcome:
    """While calls go on, one upstream goes away and comes back: nobody notices."""
    course.answer_with(lambda recorded: Reply(well(recorded).pieces, before=[0.01]))
    dying = course.upstreams[1]
    request = course.request(model=SHARED)
    alive = await course.calls(request, calls // 3)
    waiting = asyncio.create_task(course.calls(request, calls // 3))
    await asyncio.sleep(0.02)  # in the middle of their calls
    await asyncio.to_thread(dying.stop)
    without = await waiting
    seen = len(dying.requests)
    await asyncio.to_thread(dying.start)
    returned = await course.recover()
    outcome = Outcome.of([*alive, *without])
    outcome.expect(
        outcome.verdicts[Verdict.ANSWERED] == len(alive) + len(without), f"clients noticed: {outcome.verdicts}"
    )
    outcome.expect(returned and len(dying.requests) > seen, "the upstream was not used again")
    return outcome
