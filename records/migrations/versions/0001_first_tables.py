"""Stores, files, documents, embeddings and removals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "stores",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("embedding_model", sa.Text, nullable=False),
        sa.Column("embedding_dimensions", sa.Integer),
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
        sa.PrimaryKeyConstraint("id", name="pk_files"),
    )
    op.create_index("ix_files_sha256", "files", ["sha256"])
    _create_documents()
    op.create_table(
        "embeddings",
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("text_hash", sa.LargeBinary, nullable=False),
        sa.Column("document_id", sa.Text, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("model", "text_hash", name="pk_embeddings"),
    )
    op.create_index("ix_embeddings_document_id", "embeddings", ["document_id"])
    op.create_table(
        "removals",
        sa.Column("document_id", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("embedding_model", sa.Text, nullable=False),
        sa.Column("embedding_dimensions", sa.Integer),
        sa.Column("in_work", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="pk_removals"),
    )


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
        sa.Column("chunks_done", sa.Integer, nullable=False),
        sa.Column("media_type", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("characters", sa.Integer),
        sa.Column("pages", sa.Integer),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_documents_store_id"),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name="fk_documents_file_id"),
        sa.UniqueConstraint("store_id", "sha256", name="uq_documents_store_id_sha256"),
    )
    op.create_index("ix_documents_file_id", "documents", ["file_id"])
    op.create_index("ix_documents_status_created_at_id", "documents", ["status", "created_at", "id"])
    op.create_index("ix_documents_store_id_created_at_id", "documents", ["store_id", "created_at", "id"])


def downgrade() -> None:
    for table in ("removals", "embeddings", "documents", "files", "stores"):
        op.drop_table(table)
