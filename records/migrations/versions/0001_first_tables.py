"""Stores, files, uploads, documents, jobs, embeddings, removals, responses, keys, usage, resources and answers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "stores",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("label", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("metadata", _json(), nullable=False),
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
        sa.PrimaryKeyConstraint("id", name="pk_stores"),
        sa.UniqueConstraint("name", name="uq_stores_name"),
    )
    op.create_table(
        "files",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("purpose", sa.Text),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("key_id", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
    )
    op.create_index("ix_files_expires_at", "files", ["expires_at"])
    op.create_index("ix_files_sha256", "files", ["sha256"])
    _create_documents()
    _create_file_batches()
    _create_uploads()
    _create_responses()
    op.create_table(
        "embeddings",
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("text_hash", sa.LargeBinary, nullable=False),
        sa.Column("document_id", sa.Text, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("model", "text_hash", name="pk_embeddings"),
    )
    op.create_index("ix_embeddings_document_id", "embeddings", ["document_id"])
    if op.get_bind().dialect.name == "postgresql":  # floats do not get smaller by compression, trying costs time
        op.execute("ALTER TABLE embeddings ALTER COLUMN vector SET STORAGE EXTERNAL")
    _create_jobs()
    _create_removals()
    _create_budgets()
    _create_keys()
    _create_usage()
    _create_spending()
    _create_resources()
    _create_answers()


def _create_documents() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("file_id", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("error_code", sa.Text),
        sa.Column("error_message", sa.Text),
        sa.Column("attributes", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
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
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_documents_store_id"),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name="fk_documents_file_id"),
        sa.UniqueConstraint("store_id", "file_id", name="uq_documents_store_id_file_id"),
    )
    native = sa.text("NOT attached")
    columns = ["store_id", "sha256"]
    op.create_index(
        "uq_documents_store_id_sha256",
        "documents",
        columns,
        unique=True,
        sqlite_where=native,
        postgresql_where=native,
    )
    op.create_index("ix_documents_file_id", "documents", ["file_id"])
    op.create_index("ix_documents_store_id_created_at_id", "documents", ["store_id", "created_at", "id"])


def _create_file_batches() -> None:
    op.create_table(
        "file_batches",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("cancelled_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_file_batches"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_file_batches_store_id"),
    )
    op.create_index("ix_file_batches_store_id", "file_batches", ["store_id"])
    op.create_table(
        "file_batch_files",
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("document_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "document_id", name="pk_file_batch_files"),
        sa.ForeignKeyConstraint(["batch_id"], ["file_batches.id"], name="fk_file_batch_files_batch_id"),
    )


def _create_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("file_expires_after_seconds", sa.BigInteger),
        sa.Column("file_id", sa.Text),
        sa.Column("key_id", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_expires_at", "uploads", ["expires_at"])
    op.create_table(
        "upload_parts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("upload_id", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_upload_parts"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name="fk_upload_parts_upload_id"),
    )
    op.create_index("ix_upload_parts_upload_id", "upload_parts", ["upload_id"])
    op.create_index("ix_upload_parts_sha256", "upload_parts", ["sha256"])


def _create_responses() -> None:
    op.create_table(
        "responses",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("previous_id", sa.Text),
        sa.Column("input", _json(), nullable=False),
        sa.Column("body", _json(), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_responses"),
    )
    op.create_index("ix_responses_expires_at", "responses", ["expires_at"])


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("document_id", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("file_id", sa.Text, nullable=False),
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
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name="fk_jobs_document_id"),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name="fk_jobs_file_id"),
        sa.UniqueConstraint("document_id", "kind", name="uq_jobs_document_id_kind"),
    )
    op.create_index("ix_jobs_file_id", "jobs", ["file_id"])
    op.create_index("ix_jobs_updated_at", "jobs", ["updated_at"])
    op.create_index("ix_jobs_status_lane_ready_at_id", "jobs", ["status", "lane", "ready_at", "id"])
    op.create_index("ix_jobs_store_id_status", "jobs", ["store_id", "status"])
    suspects = sa.text("crashes >= 2")
    columns = ["status", "ready_at"]
    op.create_index("ix_jobs_status_ready_at", "jobs", columns, sqlite_where=suspects, postgresql_where=suspects)


def _create_removals() -> None:
    op.create_table(
        "removals",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("document_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("embedding_model", sa.Text, nullable=False),
        sa.Column("embedding_dimensions", sa.Integer),
        sa.Column("sha256", sa.Text),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_removals"),
    )
    op.create_index("ix_removals_due_at", "removals", ["due_at"])


def _create_budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("requests", sa.Double, nullable=False),
        sa.Column("tokens", sa.Double, nullable=False),
        sa.Column("refilled_at", sa.Double, nullable=False),
        sa.Column("silent_until", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_budgets"),
    )


def _create_keys() -> None:
    optional_json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    op.create_table(
        "keys",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary),
        sa.Column("previous_until", sa.BigInteger),
        sa.Column("permissions", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("stores", optional_json),
        sa.Column("models", optional_json),
        sa.Column("requests_per_minute", sa.Integer),
        sa.Column("tokens_per_minute", sa.BigInteger),
        sa.Column("monthly_budget_usd", sa.Double),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("last_used_at", sa.BigInteger),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
        sa.UniqueConstraint("hash", name="uq_keys_hash"),
    )
    op.create_index("ix_keys_updated_at", "keys", ["updated_at"])


def _create_usage() -> None:
    op.create_table(
        "usage",
        sa.Column("id", sa.Text, nullable=False),
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
        sa.PrimaryKeyConstraint("id", name="pk_usage"),
    )
    op.create_index("ix_usage_at_id", "usage", ["at", "id"])
    op.create_index("ix_usage_key_id_at", "usage", ["key_id", "at"])


def _create_spending() -> None:
    op.create_table(
        "spending",
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("month", sa.Integer, nullable=False),
        sa.Column("usd", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("key_id", "month", name="pk_spending"),
    )


def _create_resources() -> None:
    op.create_table(
        "resources",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("upstream", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_resources"),
    )


def _create_answers() -> None:
    op.create_table(
        "revisions",
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("store_id", name="pk_revisions"),
    )
    op.create_table(
        "answers",
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_answers"),
    )
    op.create_index("ix_answers_store_id", "answers", ["store_id"])
    op.create_index("ix_answers_expires_at", "answers", ["expires_at"])


def downgrade() -> None:
    tables = (
        "answers",
        "revisions",
        "resources",
        "spending",
        "usage",
        "keys",
        "budgets",
        "removals",
        "jobs",
        "embeddings",
        "responses",
        "upload_parts",
        "uploads",
        "file_batch_files",
        "file_batches",
        "documents",
        "files",
        "stores",
    )
    for table in tables:
        op.drop_table(table)


def _json() -> sa.JSON:
    return sa.JSON().with_variant(JSONB(), "postgresql")
