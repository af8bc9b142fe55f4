"""The fault run: what fails, what clients get, and what is left behind."""
