"""Documents go in while the processes that work on them are killed, over and over."""

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest import new_store
from records import open_records, stores
from tests.durability.crew import Crew, Runner, crew
from tests.durability.kills import ENGINE, NEEDS, RANDOM, Kill, Need, with_what_it_takes
from tests.durability.observing import Observer, observer
from tests.durability.paying import PaidOpenAI
from tests.durability.runner import STORE, Answer, Command, Setup
from tests.durability.workload import Task, Workload
from tests.fakes.openai_server import Behaviour
from upstream import open_upstream

_TICK_SECONDS = 0.005
_LOOK_SECONDS = 0.1
_PATIENCE_SECONDS = 30.0
"""How long a kill may wait for its moment before another one takes its turn."""
_LULL_SECONDS = 1.5
"""How long nothing happens before more is handed in."""
_TRIES = 3
_SECONDS_A_KILL = 30.0
_MORE_SECONDS = 120.0
_RANDOM_SECONDS = 0.05, 1.5
_FIRST_SHARE = 0.2
"""Part of the work that is handed in before the first kill."""


class StuckError(Exception):
    """It does not end; what hangs is in the message."""


@dataclass(slots=True)
class Course:
    """What happened."""

    points: list[str] = field(default_factory=list)
    """Where processes died, one after the other."""
    missed: list[str] = field(default_factory=list)
    """Kills whose moment never came."""
    engine_kills: int = 0
    calls_at_kills: list[int] = field(default_factory=list)
    """How many calls the embeddings server had got at each kill."""
    read_at_kills: list[Sequence[str]] = field(default_factory=list)
    """Documents that the killed process was reading, by kill."""
    seconds: float = 0.0

    @property
    def kills(self) -> Counter[str]:
        """How many there were, by point."""
        return Counter(self.points)

    @property
    def deaths(self) -> Counter[str]:
        """How often a document was being read by a process that was killed."""
        return Counter(document for documents in self.read_at_kills for document in documents)


class Driver:
    """Hands in documents, has processes killed, starts them again, until all is done."""

    def __init__(
        self, setup: Setup, team: Crew, watcher: Observer, fake: PaidOpenAI, workload: Workload, plan: Sequence[Kill]
    ) -> None:
        self.course = Course()
        self._setup = setup
        self._crew = team
        self._observer = watcher
        self._fake = fake
        self._workload = workload
        self._plan = list(plan)
        self._planned = max(len(plan), 1)
        self._tried: Counter[Kill] = Counter()
        self._size = len(workload.todo)
        self._numbers = random.Random(len(plan))
        self._again: list[Task] = []
        self._number = itertools.count()
        self._kill: Kill | None = None
        self._armed_at = 0.0
        self._strike_after = 0.0
        self._wanted: Need | None = None
        self._completed: set[str] = set()
        self._active = 0
        self._looked_at = 0.0
        self._asked_at = 0.0

    def run(self) -> Course:
        """Until every document has ended and every kill has been made."""
        began = time.monotonic()
        self._next_kill()
        while len(self._crew.runners) < self._crew.size:
            self._crew.start(self._kill)
        while not self._is_done():
            self._listen()
            self._bury()
            self._look()
            self._strike()
            self._hand_in()
            time.sleep(_TICK_SECONDS)
            if time.monotonic() - began > self._planned * _SECONDS_A_KILL + _MORE_SECONDS:
                raise StuckError(f"{self._observer.state()}, {self._kill}, {self.course}")
        self.course.seconds = time.monotonic() - began
        self._crew.stop()
        return self.course

    def _is_done(self) -> bool:
        if self._kill is not None or self._workload.todo or self._again:
            return False
        if any(runner.asked or not runner.is_ready for runner in self._crew.runners):
            return False
        return self._observer.active() == 0

    def _next_kill(self) -> None:
        self._kill = self._plan.pop(0) if self._plan else None
        self._armed_at = time.monotonic()
        self._strike_after = self._numbers.uniform(*_RANDOM_SECONDS)
        self._wanted = NEEDS.get(self._kill.operation) if self._kill else None
        if self._kill and self._kill.operation == "putting off":
            self._fake.script(Behaviour("status", status=503))

    def _listen(self) -> None:
        for runner in self._crew.runners:
            for task, answer in runner.answers():
                self._note(task, answer)

    def _note(self, task: Task, answer: Answer) -> None:
        one = task.asked
        if answer.outcome == "error":
            self._again.append(task)
            return
        one.busy = False
        if task.kind == "submit":
            one.id = answer.document_id
        elif task.kind == "replace":
            assert task.content is not None
            one.replaced += 1
            self._completed.discard(one.id)
            one.refused_replacement = task.content.kind == "unreadable"
            if not one.refused_replacement:
                one.earlier.append(one.content)
                one.content = task.content
        elif task.kind == "delete":
            one.state = "deleted"
        elif answer.outcome == "done":
            one.state = "cancelled"
        elif one.state != "perhaps cancelled":
            one.state = "present"

    def _bury(self) -> None:
        for runner in self._crew.bury():
            for task, answer in runner.answers():
                self._note(task, answer)
            point = self._crew.last_words(runner) or RANDOM
            self._lament(runner, point)
            if self._kill is not None and point == self._kill.point:
                self._next_kill()
                self._crew.arm(self._kill)
            self._crew.start(self._kill)

    def _lament(self, runner: Runner, point: str) -> None:
        """Write down where the killed one died and what it was doing."""
        self.course.points.append(point)
        self.course.calls_at_kills.append(len(self._fake.calls))
        # A process of several does not die alone where it has told its names; before that it had nothing in hand.
        if runner.owners or self._setup.database_url is None:
            self.course.read_at_kills.append(self._observer.being_read(runner.owners))
        for task in runner.asked.values():
            if task.kind == "cancel":
                task.asked.state = "perhaps cancelled"
            self._again.append(task)
        runner.pipe.close()

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked_at > _LOOK_SECONDS:
            self._looked_at = now
            self._completed = self._observer.completed()
            self._active = self._observer.active()

    def _strike(self) -> None:
        kill, waited = self._kill, time.monotonic() - self._armed_at
        if kill is None:
            return
        ready = [runner for runner in self._crew.runners if runner.is_ready]
        if kill.operation == RANDOM:
            if waited > self._strike_after:
                self._numbers.choice(self._crew.runners).strike()
                self._strike_after = float("inf")
        elif kill.operation == ENGINE:
            if waited > self._strike_after and ready and ready[0].strike_engine():
                self.course.engine_kills += 1
                self._move_on()
        elif waited > _PATIENCE_SECONDS:
            self._put_off(kill)

    def _put_off(self, kill: Kill) -> None:
        """Its moment does not come: let another kill take its turn."""
        self._tried[kill] += 1
        if self._tried[kill] < _TRIES:
            self._plan.extend(with_what_it_takes(kill))
        else:
            self.course.missed.append(kill.point)
        self._move_on()

    def _move_on(self) -> None:
        self._next_kill()
        self._crew.arm(self._kill)

    def _hand_in(self) -> None:
        for runner in self._crew.runners:
            if runner.is_ready and not runner.asked and (task := self._next_task()):
                self._ask(runner, task)

    def _next_task(self) -> Task | None:
        if self._again:
            return self._again.pop(0)
        if self._wanted is not None:
            if task := self._workload.next_task(self._wanted, self._completed):
                self._wanted = None
                return task
        elif self._is_waiting_in_vain():
            self._wanted = NEEDS.get(self._kill.operation) if self._kill else None
        if self._size - len(self._workload.todo) < self._due() or self._kill is None:
            return self._workload.next_task(None, self._completed)
        return None

    def _is_waiting_in_vain(self) -> bool:
        """Whether nothing is left to do at which the process could be killed."""
        if self._kill is None or self._active or time.monotonic() - self._asked_at < _LULL_SECONDS:
            return False
        return all(runner.is_ready for runner in self._crew.runners)

    def _due(self) -> float:
        """How much of the work is to be handed in by now, so that something is left for the last kill."""
        done = len(self.course.points) / self._planned
        return self._size * (_FIRST_SHARE + (1 - _FIRST_SHARE) * done)

    def _ask(self, runner: Runner, task: Task) -> None:
        number, content = next(self._number), task.content or task.asked.content
        task.asked.busy = True
        self._asked_at = time.monotonic()
        runner.asked[number] = task
        runner.send(Command(number, task.kind, task.asked.id, content.filename, content.data))


def crash(setup: Setup, fake: PaidOpenAI, workload: Workload, *, processes: int, plan: Sequence[Kill]) -> Course:
    """Hand in documents and kill as planned, until everything has ended."""
    asyncio.run(prepare(setup))
    with crew(setup, processes) as team, observer(setup.folder, setup.database_url) as watcher:
        return Driver(setup, team, watcher, fake, workload, plan).run()


async def prepare(setup: Setup) -> None:
    """Make the tables and the store."""
    settings = setup.settings
    async with open_records(settings.data, settings.database) as records, open_upstream(settings.upstream) as upstream:
        new = new_store(STORE, settings.ingest, upstream)
        await records.database.write(lambda c: stores.ensure(c, new))
