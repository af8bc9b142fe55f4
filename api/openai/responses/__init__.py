"""`/v1/responses` with file search in our own stores."""
