"""Which Qdrant collection holds a store."""

from records.stores import Store
from vectorstore import Collection


def collection_of(store: Store) -> Collection:
    """The collection of the store's embedding model."""
    return Collection(store.embedding_model, store.embedding_dimensions or 0)
