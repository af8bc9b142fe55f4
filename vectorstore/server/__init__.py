"""A Qdrant server or cluster as the vector store."""
