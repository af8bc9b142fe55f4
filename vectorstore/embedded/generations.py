"""A collection's folder on disk: one subfolder for each generation of its data, and a file that names the current one.

Optimising builds the next generation beside the current one; renaming the file is the moment of the switch. Whatever
the file does not name is left over from a crash and is removed at the next start.
"""

import json
import os
import shutil
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from vectorstore.interface import Collection

_POINTER = "collection.json"


@dataclass(frozen=True, slots=True)
class Generation:
    """The current data of a collection."""

    folder_name: str
    optimised_chunks: int
    """Chunks that were optimised when this generation was built; 0 when none were."""


class Generations:
    """The generations of one collection. Everything here touches the disk: call it in a thread."""

    def __init__(self, folder: Path, collection: Collection) -> None:
        self._folder = folder
        self._collection = collection

    @property
    def exist(self) -> bool:
        """Whether the collection has been made."""
        return (self._folder / _POINTER).exists()

    def current(self) -> Generation | None:
        """The generation in use, None before there is one; what a crash left beside it is removed."""
        if not self.exist:
            shutil.rmtree(self._folder, ignore_errors=True)
            return None
        generation = Generation(**json.loads((self._folder / _POINTER).read_text())["generation"])
        for leftover in self._folder.iterdir():
            if leftover.is_dir() and leftover.name != generation.folder_name:
                shutil.rmtree(leftover, ignore_errors=True)
        return generation

    def path(self, generation: Generation) -> Path:
        """Where a generation's data is."""
        return self._folder / generation.folder_name

    def new(self, optimised_chunks: int = 0) -> Generation:
        """A generation without data, known to nobody yet."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return Generation(uuid.uuid4().hex, optimised_chunks)

    def copy(self, source: Generation, target: Generation) -> None:
        """Copy a generation's data; nothing may write to the source meanwhile."""
        shutil.copytree(self.path(source), self.path(target))

    def switch(self, generation: Generation) -> None:
        """Make a generation the current one, in one step that a crash cannot halve."""
        content = {"collection": asdict(self._collection), "generation": asdict(generation)}
        draft = self._folder / f"{_POINTER}.new"
        with draft.open("w") as file:
            file.write(json.dumps(content, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / _POINTER)
        _sync_folder(self._folder)

    def remove(self, generation: Generation) -> None:
        """Remove a generation's data."""
        shutil.rmtree(self.path(generation), ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
