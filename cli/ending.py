"""Ending a command with a message and a status."""

import os
import sys
from typing import NoReturn

import typer

from settings import Settings, SettingsError, load_settings


def exit_with(error: Exception) -> NoReturn:
    """Print what went wrong and end with status 2 for a wrong configuration, 1 for anything else."""
    typer.echo(str(error), err=True)
    sys.exit(2 if isinstance(error, SettingsError) else 1)


def settings_or_exit() -> Settings:
    """The configuration; a wrong one ends the command before anything is started."""
    try:
        return load_settings(os.environ)
    except SettingsError as error:
        exit_with(error)
