"""The tables, as SQLAlchemy Core sees them. A change here needs a migration beside it."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Json = sa.JSON().with_variant(JSONB(), "postgresql")
OptionalJson = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

stores = sa.Table(
    "stores",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, unique=True),
    sa.Column("label", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("expires_after_days", sa.Integer),
    sa.Column("last_active_at", sa.BigInteger, nullable=False),
    sa.Column("expired_at", sa.BigInteger),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("embedding_model", sa.Text, nullable=False),
    sa.Column("embedding_dimensions", sa.Integer),
    sa.Column("next_embedding_model", sa.Text),
    sa.Column("next_embedding_dimensions", sa.Integer),
    sa.Column("chunk_max_tokens", sa.Integer, nullable=False),
    sa.Column("chunk_overlap_tokens", sa.Integer, nullable=False),
)

files = sa.Table(
    "files",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("filename", sa.Text, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    # Null for files that live as long as a document has them; others stay until somebody deletes them.
    sa.Column("purpose", sa.Text),
    sa.Column("expires_at", sa.BigInteger, index=True),
    sa.Column("key_id", sa.Text),
)

_NATIVE = sa.text("NOT attached")
documents = sa.Table(
    "documents",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("store_id", sa.Text, sa.ForeignKey(stores.c.id), nullable=False),
    sa.Column("file_id", sa.Text, sa.ForeignKey(files.c.id), nullable=False, index=True),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("error_code", sa.Text),
    sa.Column("error_message", sa.Text),
    sa.Column("attributes", Json, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("chunks", sa.Integer, nullable=False),
    sa.Column("media_type", sa.Text),
    sa.Column("title", sa.Text),
    sa.Column("characters", sa.Integer),
    sa.Column("pages", sa.Integer),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("finished_at", sa.BigInteger),
    sa.Column("attached", sa.Boolean, nullable=False),
    sa.Column("chunk_max_tokens", sa.Integer),
    sa.Column("chunk_overlap_tokens", sa.Integer),
    sa.UniqueConstraint("store_id", "file_id"),
    # What was handed in as a document is there once; files may be attached beside it whatever they hold.
    sa.Index(
        "uq_documents_store_id_sha256",
        "store_id",
        "sha256",
        unique=True,
        sqlite_where=_NATIVE,
        postgresql_where=_NATIVE,
    ),
    sa.Index("ix_documents_store_id_created_at_id", "store_id", "created_at", "id"),
)

file_batches = sa.Table(
    "file_batches",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("store_id", sa.Text, sa.ForeignKey(stores.c.id), nullable=False, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("cancelled_at", sa.BigInteger),
)

file_batch_files = sa.Table(
    "file_batch_files",
    metadata,
    sa.Column("batch_id", sa.Text, sa.ForeignKey(file_batches.c.id), primary_key=True),
    sa.Column("document_id", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
)

uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("filename", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("file_expires_after_seconds", sa.BigInteger),
    sa.Column("file_id", sa.Text),
    sa.Column("key_id", sa.Text),
)

upload_parts = sa.Table(
    "upload_parts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("upload_id", sa.Text, sa.ForeignKey(uploads.c.id), nullable=False, index=True),
    sa.Column("sha256", sa.Text, nullable=False, index=True),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

responses = sa.Table(
    "responses",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("key_id", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("previous_id", sa.Text),
    sa.Column("input", Json, nullable=False),
    sa.Column("body", Json, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
)

embeddings = sa.Table(
    "embeddings",
    metadata,
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("text_hash", sa.LargeBinary, primary_key=True),
    sa.Column("document_id", sa.Text, nullable=False, index=True),
    sa.Column("vector", sa.LargeBinary, nullable=False),
)

_SUSPECT = sa.text("crashes >= 2")
jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("document_id", sa.Text, sa.ForeignKey(documents.c.id), nullable=False),
    sa.Column("store_id", sa.Text, nullable=False),
    sa.Column("file_id", sa.Text, sa.ForeignKey(files.c.id), nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("lane", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("chunks", sa.Integer, nullable=False),
    sa.Column("chunks_done", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("crashes", sa.Integer, nullable=False),
    sa.Column("error_code", sa.Text),
    sa.Column("error_message", sa.Text),
    sa.Column("owner", sa.Text),
    sa.Column("lease_until", sa.Double),
    sa.Column("ready_at", sa.Double, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("started_at", sa.Double),
    sa.Column("finished_at", sa.Double),
    sa.Column("updated_at", sa.Double, nullable=False, index=True),
    sa.UniqueConstraint("document_id", "kind"),
    sa.Index("ix_jobs_status_lane_ready_at_id", "status", "lane", "ready_at", "id"),
    sa.Index("ix_jobs_store_id_status", "store_id", "status"),
    # Of suspects alone (`records.leases`), which are few, however long the queue is.
    sa.Index("ix_jobs_status_ready_at", "status", "ready_at", sqlite_where=_SUSPECT, postgresql_where=_SUSPECT),
)

removals = sa.Table(
    "removals",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("store_id", sa.Text, nullable=False),
    sa.Column("document_id", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("embedding_model", sa.Text, nullable=False),
    sa.Column("embedding_dimensions", sa.Integer),
    sa.Column("sha256", sa.Text),
    sa.Column("due_at", sa.Double, nullable=False, index=True),
)

budgets = sa.Table(
    "budgets",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("requests", sa.Double, nullable=False),
    sa.Column("tokens", sa.Double, nullable=False),
    sa.Column("refilled_at", sa.Double, nullable=False),
    sa.Column("silent_until", sa.Double, nullable=False),
)

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("hint", sa.Text, nullable=False),
    sa.Column("previous_hash", sa.LargeBinary),
    sa.Column("previous_until", sa.BigInteger),
    sa.Column("permissions", Json, nullable=False),
    sa.Column("stores", OptionalJson),
    sa.Column("models", OptionalJson),
    sa.Column("requests_per_minute", sa.Integer),
    sa.Column("tokens_per_minute", sa.BigInteger),
    sa.Column("monthly_budget_usd", sa.Double),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
    sa.Column("last_used_at", sa.BigInteger),
    sa.Column("updated_at", sa.Double, nullable=False, index=True),
)

usage = sa.Table(
    "usage",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("key_id", sa.Text),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("model", sa.Text),
    sa.Column("upstream", sa.Text),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("streamed", sa.Boolean, nullable=False),
    sa.Column("input_tokens", sa.BigInteger, nullable=False),
    sa.Column("cached_tokens", sa.BigInteger, nullable=False),
    sa.Column("output_tokens", sa.BigInteger, nullable=False),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("first_byte_seconds", sa.Double),
    sa.Column("retries", sa.Integer, nullable=False),
    sa.Column("request_bytes", sa.BigInteger, nullable=False),
    sa.Column("response_bytes", sa.BigInteger, nullable=False),
    sa.Column("cost_usd", sa.Double),
    sa.Index("ix_usage_at_id", "at", "id"),
    sa.Index("ix_usage_key_id_at", "key_id", "at"),
)

spending = sa.Table(
    "spending",
    metadata,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("month", sa.Integer, primary_key=True),
    sa.Column("usd", sa.Double, nullable=False),
)

resources = sa.Table(
    "resources",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("upstream", sa.Text, nullable=False),
    sa.Column("key_id", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

# How often what can be found in a store has changed. Not a column of `stores`: two transactions that hold the store
# together could not both change its row.
revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("store_id", sa.Text, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
)

answers = sa.Table(
    "answers",
    metadata,
    sa.Column("key", sa.LargeBinary, primary_key=True),
    sa.Column("store_id", sa.Text, nullable=False, index=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False, index=True),
)
