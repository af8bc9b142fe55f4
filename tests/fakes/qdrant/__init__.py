"""A stand-in for a Qdrant server: its REST interface over Qdrant's embedded engine."""
