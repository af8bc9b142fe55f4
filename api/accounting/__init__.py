"""The ledger: one row for each call, written in batches off the hot path."""
