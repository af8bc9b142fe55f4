"""`footnote keys`: making, listing, revoking and rotating API keys, through the service or in the database itself."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console

from cli.client import Client, ClientError
from cli.ending import exit_with, settings_or_exit
from cli.key_table import is_valid, table_of
from cli.showing import clean

app = typer.Typer(
    help="Make, list, revoke and rotate API keys; needs an admin key, or --offline.", no_args_is_help=True
)

_DAY_SECONDS = 86_400
_HOUR_SECONDS = 3_600
_PIPE_COLUMNS = 1_000
_PERMISSIONS = ("admin", "documents", "search", "relay", "metrics")

Offline = Annotated[
    bool,
    typer.Option("--offline", help="Open the database itself: for when no admin key is left, and no service runs."),
]
KeyId = Annotated[str, typer.Argument(help="Id of the key, from `footnote keys list`.", metavar="ID")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the service's answer as JSON.")]
PerMinute = Annotated[int | None, typer.Option(min=1)]


class _Keys(Protocol):
    """What the commands ask for."""

    def create_key(self, body: Mapping[str, Any]) -> Mapping[str, Any]: ...

    def list_keys(self) -> Sequence[Mapping[str, Any]]: ...

    def revoke_key(self, key_id: str) -> None: ...

    def rotate_key(self, key_id: str, grace_seconds: int) -> Mapping[str, Any]: ...


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what it is for.")],
    *,
    permission: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(_PERMISSIONS)}; may be repeated. Without it: documents, search, relay."),
    ] = None,
    store: Annotated[list[str] | None, typer.Option(help="The only store it may use; may be repeated.")] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(help="The only model it may use at upstreams, `*` for any characters; repeatable."),
    ] = None,
    days: Annotated[float | None, typer.Option(min=0.001, help="Days until it expires.")] = None,
    requests_per_minute: PerMinute = None,
    tokens_per_minute: PerMinute = None,
    monthly_budget_usd: Annotated[
        float | None, typer.Option(min=0, help="US dollars its calls may cost in a calendar month.")
    ] = None,
    as_json: AsJson = False,
    offline: Offline = False,
) -> None:
    """Make a key and print it: this once, for only a hash of it is kept."""
    wanted: dict[str, Any] = {
        "name": name,
        "permissions": permission or ["documents", "search", "relay"],
        "stores": store or None,
        "models": model or None,
        "requests_per_minute": requests_per_minute,
        "tokens_per_minute": tokens_per_minute,
        "monthly_budget_usd": monthly_budget_usd,
        "expires_at": None if days is None else int(time.time() + days * _DAY_SECONDS),
    }
    with _keys(offline=offline) as service:
        _show_secret(service.create_key(wanted), as_json=as_json)


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Those too that were revoked or have expired.")] = False,
    as_json: AsJson = False,
    offline: Offline = False,
) -> None:
    """List the keys, with what each may do."""
    with _keys(offline=offline) as service:
        found = [key for key in service.list_keys() if every or is_valid(key)]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        console = Console()
        wide = console if console.is_terminal else Console(file=console.file, width=_PIPE_COLUMNS)
        wide.print(table_of(found))


@app.command()
def revoke(key: KeyId, offline: Offline = False) -> None:
    """Revoke a key: it opens nothing any more, in all processes within seconds."""
    with _keys(offline=offline) as service:
        service.revoke_key(key)
    typer.echo(f"{key} is revoked.")


@app.command()
def rotate(
    key: KeyId,
    grace_hours: Annotated[float, typer.Option(min=0, max=720, help="Hours the present secret is good for yet.")] = 0,
    as_json: AsJson = False,
    offline: Offline = False,
) -> None:
    """Give a key a new secret and print it; all else about the key stays."""
    with _keys(offline=offline) as service:
        _show_secret(service.rotate_key(key, int(grace_hours * _HOUR_SECONDS)), as_json=as_json)


@contextmanager
def _keys(*, offline: bool) -> Iterator[_Keys]:
    settings = settings_or_exit()
    try:
        if offline:
            from cli.offline_keys import offline_keys  # noqa: PLC0415  it loads much

            with offline_keys(settings) as keys:
                yield keys
        else:
            with closing(Client(settings.url, settings.api_key)) as client:
                yield client
    except ClientError as error:
        exit_with(error)


def _show_secret(made: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(made, ensure_ascii=False, indent=2))
        return
    typer.echo(f"{made['id']} ({clean(made['name'])}). The key is shown this once, so keep it:", err=True)
    typer.echo(made["key"])  # alone on standard output, for scripts
