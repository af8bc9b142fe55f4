"""Names of collections, the same on disk and on a server."""

import hashlib
import re

from vectorstore.interface import Collection

_MAX_READABLE_CHARACTERS = 48


def collection_name(collection: Collection) -> str:
    """A name that people recognise and every file system and server takes; different for every collection.

    The hash tells apart what the readable part cannot: `a/b` from `a_b`, capitals on case-blind file systems.
    """
    readable = re.sub(r"[^a-z0-9.]+", "-", collection.model.lower()).strip("-.")[:_MAX_READABLE_CHARACTERS]
    digest = hashlib.sha256(f"{collection.model}\n{collection.dimensions}".encode()).hexdigest()[:8]
    return f"{readable or 'model'}-{collection.dimensions}-{digest}"
