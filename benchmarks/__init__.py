"""Repeatable measurements of the whole service; each module with a `main` is one of them."""
