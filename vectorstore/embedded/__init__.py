"""Qdrant's engine on this machine: one process for each collection, so that the service never waits for it."""
