"""One typed configuration object, read from the environment and a TOML file."""

from settings.loading import load_settings
from settings.options import (
    DatabaseSettings,
    DataSettings,
    FilesSettings,
    IngestSettings,
    LogSettings,
    QdrantSettings,
    SearchSettings,
    ServerSettings,
    Settings,
    UpstreamSettings,
)
from settings.problems import SettingsError

__all__ = [
    "DataSettings",
    "DatabaseSettings",
    "FilesSettings",
    "IngestSettings",
    "LogSettings",
    "QdrantSettings",
    "SearchSettings",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "UpstreamSettings",
    "load_settings",
]
