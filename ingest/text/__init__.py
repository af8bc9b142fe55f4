"""From bytes to clean Unicode."""
