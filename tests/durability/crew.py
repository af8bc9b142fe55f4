"""The runner processes: started, told what to do, killed and started again."""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

import psutil

from tests.durability.kills import Kill
from tests.durability.runner import Answer, Command, Ready, Setup, run
from tests.durability.workload import Task

_STOP_SECONDS = 60.0
_ENGINE = "vectorstore.embedded.serving"


class RunnerFailedError(Exception):
    """A runner ended without having been killed; its log says why."""


@dataclass(slots=True, eq=False)
class Runner:
    """One process and what it has been asked."""

    process: ForkServerProcess
    pipe: Connection
    owners: tuple[str, ...] = ()
    """Names of its workers; known once it is ready."""
    asked: dict[int, Task] = field(default_factory=dict)
    """What it has not answered yet."""

    @property
    def is_ready(self) -> bool:
        """Whether it takes commands."""
        return bool(self.owners)

    @property
    def is_dead(self) -> bool:
        """Whether it has ended, and all it said was heard."""
        return not self.process.is_alive()

    def answers(self) -> Iterator[tuple[Task, Answer]]:
        """What it has answered since."""
        try:
            while self.pipe.poll():
                said = self.pipe.recv()
                if isinstance(said, Ready):
                    self.owners = said.owners
                else:
                    yield self.asked.pop(said.number), said
        except (EOFError, ConnectionResetError):
            return

    def send(self, message: Command | Kill | bool | None) -> None:
        """Tell it something; it may be dead."""
        try:
            self.pipe.send(message)
        except (BrokenPipeError, ConnectionResetError):
            return

    def strike(self) -> None:
        """Kill it."""
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGKILL)

    def strike_engine(self) -> bool:
        """Kill its vector engine; False when it has none."""
        try:
            children = psutil.Process(self.process.pid).children()
            engines = [child for child in children if _ENGINE in child.cmdline()]
            for engine in engines:
                engine.kill()
        except psutil.Error:
            return False
        return bool(engines)


class Crew:
    """As many runners as there are to be."""

    def __init__(self, setup: Setup, size: int) -> None:
        self._setup = setup
        self._context = multiprocessing.get_context("forkserver")
        # Loading what a runner needs takes longer than all it does until it is killed.
        self._context.set_forkserver_preload(["__main__", run.__module__])
        self.size = size
        self.runners: list[Runner] = []

    def start(self, kill: Kill | None) -> None:
        """Start one more."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=run, args=(self._setup, kill, theirs), daemon=True)
        process.start()
        theirs.close()
        self.runners.append(Runner(process, ours))

    def arm(self, kill: Kill | None) -> None:
        """Tell all where to die from now on."""
        for runner in self.runners:
            runner.send(kill or False)

    def bury(self) -> Sequence[Runner]:
        """Those that were killed since; raises RunnerFailedError when one ended in another way."""
        dead = [runner for runner in self.runners if runner.is_dead]
        for runner in dead:
            self.runners.remove(runner)
            if runner.process.exitcode != -signal.SIGKILL:
                log = (self._setup.folder / "runner.log").read_text(errors="replace")
                raise RunnerFailedError(f"exit code {runner.process.exitcode}: {log[-4000:]}")
        return dead

    def last_words(self, dead: Runner) -> str | None:
        """The point at which it killed itself; None when it was killed from outside."""
        note = self._setup.folder / f"{dead.process.pid}.died"
        return note.read_text() if note.exists() else None

    def stop(self) -> None:
        """Let all end in good order."""
        for runner in self.runners:
            runner.send(None)
        for runner in self.runners:
            runner.process.join(_STOP_SECONDS)
            if runner.process.exitcode != 0:
                log = (self._setup.folder / "runner.log").read_text(errors="replace")
                raise RunnerFailedError(f"did not stop, {runner.process.exitcode}: {log[-4000:]}")
            runner.pipe.close()
        self.runners.clear()

    def end(self) -> None:
        """Kill what is left."""
        for runner in self.runners:
            runner.process.kill()
            runner.process.join()
            runner.pipe.close()


@contextmanager
def crew(setup: Setup, size: int) -> Iterator[Crew]:
    """Processes that end with the block, whatever happens."""
    made = Crew(setup, size)
    try:
        yield made
    finally:
        made.end()
