"""The service that is measured: the one that runs, or one for the length of the command."""

from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

from cli.client import Client
from settings import Settings

T = TypeVar("T")


class StoppedError(Exception):
    """Stopped. Run the command again to go on: documents that are in the store are not read anew."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def with_service(settings: Settings, work: Callable[[Client], T]) -> T:
    """What the work returns; where no service runs, and none was named, one is started on the data folder for it.

    Raises:
        StoppedError: Ctrl-C stopped the service that was started.
        ClientError: no service is at the address that was named; and whatever else the work raises.
    """
    with closing(Client(settings.url, settings.api_key)) as client:
        if "url" in settings.model_fields_set or client.is_there():
            return work(client)
    # All of the service is loaded only where it is started.
    from cli.evaluating.own_service import OwnService  # noqa: PLC0415
    from cli.starting import run_or_exit  # noqa: PLC0415

    own = OwnService(settings, work)
    run_or_exit(own.run())
    if not own.results:
        raise StoppedError
    return own.results[0]
