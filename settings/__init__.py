"""One typed configuration object, read from the environment and a TOML file."""

from settings.loading import load_settings
from settings.options import (
    DatabaseSettings,
    DataSettings,
    FilesSettings,
    IngestSettings,
    KeysSettings,
    LogSettings,
    Price,
    QdrantSettings,
    RelaySettings,
    SearchSettings,
    ServerSettings,
    Settings,
    StoreModel,
    UpstreamServer,
    UpstreamSettings,
    UsageSettings,
)
from settings.problems import SettingsError

__all__ = [
    "DataSettings",
    "DatabaseSettings",
    "FilesSettings",
    "IngestSettings",
    "KeysSettings",
    "LogSettings",
    "Price",
    "QdrantSettings",
    "RelaySettings",
    "SearchSettings",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "StoreModel",
    "UpstreamServer",
    "UpstreamSettings",
    "UsageSettings",
    "load_settings",
]
