"""Which Qdrant collection holds a store."""

from records.stores import Store
from vectorstore import Collection


def collection_of(store: Store) -> Collection:
    """The collection of the store's embedding model."""
    return Collection(store.embedding_model, store.embedding_dimensions or 0)


def next_collection_of(store: Store) -> Collection | None:
    """The collection of the model that the store is changing to; None when there is none."""
    if store.next_embedding_model is None:
        return None
    return Collection(store.next_embedding_model, store.next_embedding_dimensions or 0)
