"""Every option of Footnote, with its unit and the reason it exists.

Each group becomes a TOML table and an environment prefix: `upstream.chat_model` is `[upstream] chat_model` in the file
and `FOOTNOTE_UPSTREAM_CHAT_MODEL` in the environment.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from settings.values import (
    Aliases,
    BucketUrl,
    DatabaseUrl,
    EndpointUrl,
    Fields,
    HostNames,
    Names,
    Patterns,
    SecretList,
    ServerName,
    needed_to_rerank,
    read_json,
)

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Tokens = Annotated[int, Field(ge=1, le=10_000_000)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Bytes = Annotated[int, Field(ge=1)]


class Group(BaseModel):
    """A slice of the configuration that one package receives."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class DataSettings(Group):
    """Where this machine keeps what must survive a restart."""

    dir: Path = Path("footnote-data")
    """Folder for the SQLite database, uploaded files and the embedded vector engine; made when missing. Relative paths
    start at the folder the process was started in."""


class DatabaseSettings(Group):
    """The relational database behind stores, files and documents."""

    url: DatabaseUrl | None = None
    """SQLAlchemy URL, such as `postgresql+psycopg://user:password@host/name`, for when one machine is not enough.
    Unset means `footnote.db` (SQLite) in the data folder."""

    pool_size: Count = 8
    """Connections kept open for reading, per process; more than there are threads that read gains nothing."""


class FilesSettings(Group):
    """Uploaded files and extracted texts. On the disk of this machine, unless a bucket is set."""

    url: BucketUrl | None = None
    """Bucket of an S3-compatible storage, such as `s3://bucket/folder`, for when several machines work on the same
    documents (needs `footnote[s3]`). Unset means the data folder. Have the bucket expire incomplete multipart uploads
    after a day: a killed process leaves them behind."""

    endpoint: EndpointUrl | None = None
    """Address of the storage, such as `https://minio.example:9000`, without the bucket's name. `AWS_ENDPOINT_URL` is
    read too. Unset means Amazon's own in `region`."""

    region: str | None = None
    """Region of the bucket. `AWS_REGION` and `AWS_DEFAULT_REGION` are read too. Unset means `us-east-1`; most other
    storages take any."""

    access_key_id: SecretStr | None = None
    """Key that may get, put, delete and list objects of the bucket. Unset means the usual sources of AWS:
    `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` (with `AWS_SESSION_TOKEN`), or the role of the machine or
    container. The files in `~/.aws` are not read."""

    secret_access_key: SecretStr | None = None
    """Secret that belongs to `access_key_id`."""

    path_style: bool = True
    """Name the bucket in the path of an address, which every storage understands. Turn it off for those that want it
    in the host name."""

    allow_http: bool = False
    """Allow an `endpoint` without TLS. Documents then cross the network unencrypted, so only for a network of your
    own."""

    connect_timeout_seconds: Seconds = 5.0
    """Seconds to reach the storage, TLS included."""

    idle_timeout_seconds: Seconds = 60.0
    """Seconds without a byte of an answer after which a request counts as failed. Sending 8 MB must take less."""

    max_retries: Annotated[int, Field(ge=0, le=20)] = 5
    """Times a failed request is tried again (connection lost, 429, 5xx), with growing pauses."""

    max_retry_seconds: Seconds = 30.0
    """Seconds after a request's first try from which it is not tried again."""


class QdrantSettings(Group):
    """The vector database. Without a URL, Qdrant's engine runs embedded, in a process of its own."""

    url: str | None = None
    """Address of a Qdrant server, such as `http://localhost:6333`. Unset means the embedded engine."""

    api_key: SecretStr | None = None
    """Key the Qdrant server asks for, when it asks for one."""

    prefer_grpc: bool = True
    """Talk gRPC to the server: it costs less CPU per query than JSON. Turn it off where only HTTP gets through."""

    grpc_port: Annotated[int, Field(ge=1, le=65_535)] = 6334
    """The server's gRPC port."""

    timeout_seconds: Seconds = 30.0
    """Seconds one call to the vector database may take before it counts as failed."""

    flush_seconds: Seconds = 1.0
    """Embedded engine: seconds between two flushes of written points to disk. What a crash could lose in between is
    recovered from the engine's write-ahead log."""

    optimize_after_points: Count = 20_000
    """Embedded engine: points in a collection from which an index and quantization are built. Below it a plain scan is
    as fast and exact."""

    shards: Count = 1
    """Server: shards of a new collection. More than one only pays on a cluster."""

    replicas: Count = 1
    """Server: copies of each shard of a new collection."""


class UpstreamSettings(Group):
    """The OpenAI-compatible server that embeds and writes answers."""

    base_url: str | None = None
    """Address of the server up to and including `/v1`. `OPENAI_BASE_URL` is read too. Unset with a key set means
    OpenAI itself; unset without a key means the embedded model and extractive answers."""

    api_key: SecretStr | None = None
    """Key sent to the server as a bearer token. `OPENAI_API_KEY` is read too."""

    embedding_base_url: str | None = None
    """Address of another server for embeddings only, when chat and embeddings live apart."""

    embedding_api_key: SecretStr | None = None
    """Key for `embedding_base_url`; unset means `api_key` where both servers are at the same address, none
    otherwise."""

    embedding_model: str = "text-embedding-3-small"
    """Model that turns text into vectors, for new stores. `local` means the embedded model even where an upstream is
    set (chat only from the upstream)."""

    embedding_dimensions: Annotated[int, Field(ge=1, le=65_536)] | None = None
    """Length of the vectors to ask for, where the model can shorten them. Unset means the model's own."""

    chat_model: str | None = "gpt-4o-mini"
    """Model that writes answers. `none` means extractive answers even where an upstream is set."""

    max_batch_inputs: Annotated[int, Field(ge=1, le=2048)] = 256
    """Texts in one embeddings call. OpenAI takes 2,048; many self-hosted servers take less."""

    max_batch_tokens: Tokens = 100_000
    """Tokens in one embeddings call, all texts together. OpenAI refuses more than 300,000."""

    max_input_tokens: Tokens = 8_191
    """Tokens in one text to embed; a longer one is cut, since servers refuse it."""

    concurrency: Annotated[int, Field(ge=1, le=256)] = 16
    """Most embeddings calls in flight side by side, per process and model. It starts with two, doubles while all goes
    well, and steps back when the server refuses (429, 503), times out or lets calls queue. Questions come on top."""

    embedding_requests_per_minute: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    """Embeddings calls for documents in any minute, of all processes that share the database together. Unset means
    no limit but what the server answers. Questions are neither counted nor held back, so leave some for them."""

    embedding_tokens_per_minute: Annotated[int, Field(ge=1, le=100_000_000_000)] | None = None
    """Tokens of documents embedded in any minute, of all processes together, counted in OpenAI's `cl100k_base`. Unset
    means no limit."""

    max_retries: Annotated[int, Field(ge=0, le=20)] = 5
    """Times a failed call is tried again where trying again can help (connection lost, 408, 409, 429, 5xx)."""

    max_retry_delay_seconds: Seconds = 60.0
    """Longest pause between two tries, also when the server's Retry-After asks for more: then the call fails."""

    connect_timeout_seconds: Seconds = 5.0
    """Seconds to reach the server, TLS included."""

    first_byte_timeout_seconds: Seconds = 120.0
    """Seconds until the server starts to answer; models can think for long."""

    idle_timeout_seconds: Seconds = 60.0
    """Seconds of silence in the middle of an answer after which it counts as broken."""

    local_threads: Annotated[int, Field(ge=1, le=64)] | None = None
    """Threads of the embedded model. Unset means one a core; its process runs at low priority, so that the service
    stays responsive."""


class UpstreamServer(Group):
    """One more OpenAI-compatible server, under a name of your own (small letters and digits)."""

    base_url: str
    """Address of the server up to and including `/v1`."""

    api_keys: SecretList = ()
    """Keys of the server: a list in the file, separated by commas in the environment. With several, calls are spread
    over them, and one that is refused or limited rests while the others go on."""

    models: Patterns = ("*",)
    """Models it serves, `*` standing for any characters: a list in the file, separated by commas in the environment.
    Requests that name no model, such as those for files, go to the first server that can be reached."""

    aliases: Aliases = Field(default_factory=dict)
    """Names that clients may use for this server's models: a table in the file, `alias=model,…` in the environment."""

    weight: Annotated[int, Field(ge=0, le=1_000)] = 1
    """Share of the calls it gets among the servers of a model; 0 means only when the others cannot answer."""

    max_in_flight: Count | None = None
    """Calls under way at the same time, per process, beyond which the next server is asked. Unset means no limit."""

    requests_per_minute: Count | None = None
    """Calls a minute, per process, beyond which the next server is asked. Unset means no limit."""

    tokens_per_minute: Annotated[int, Field(ge=1, le=100_000_000_000)] | None = None
    """Tokens a minute, per process, as the server counts them, beyond which the next server is asked. Unset means no
    limit."""


class EmbeddingWording(Group):
    """How texts are sent to models that tell questions from passages, such as E5; for new stores only."""

    models: Patterns
    """Models it is for, `*` standing for any characters: a list in the file, separated by commas in the environment.
    Documents that are there already keep the vectors they have: change this for new stores only."""

    question_prefix: str = ""
    """What a question begins with, such as `query: `, its space included."""

    document_prefix: str = ""
    """What a passage begins with, such as `passage: `."""

    question_fields: Fields = Field(default_factory=dict)
    """Further fields of the call for a question, such as `input_type = "query"`: a table in the file, JSON in the
    environment."""

    document_fields: Fields = Field(default_factory=dict)
    """Further fields of the call for passages."""


class RelaySettings(Group):
    """What passes through to the upstream: everything under `/v1` that Footnote does not answer itself."""

    enabled: bool = True
    """Whether requests under `/v1` are passed on."""

    aliases: Aliases = Field(default_factory=dict)
    """Names that clients may use for models, at all upstreams: a table in the file, `alias=model,…` in the
    environment."""

    stream_usage: bool = True
    """Whether upstreams are asked for the tokens of streamed answers when the client did not ask, so that they can be
    counted. What the upstream adds for it is taken out again."""

    legacy: Literal["auto", "translate", "pass"] = "auto"
    """What becomes of `/v1/edits`, `/v1/fine-tunes` and `/v1/engines`, which newer servers no longer have: `auto`
    answers them through the newer endpoints where the upstream says 404, `translate` always does, `pass` never."""

    edit_model: str | None = None
    """Chat model that answers `/v1/edits`. Unset means the model that the request names, or `upstream.chat_model` for
    OpenAI's retired edit models."""

    max_retries: Annotated[int, Field(ge=0, le=20)] = 3
    """Times a request is tried again, at the same or another upstream, before the first byte of an answer."""

    retry_seconds: Seconds = 60.0
    """Seconds after a request's arrival from which it is not tried again."""

    replay_bytes: Bytes = 4_194_304
    """Largest request body that is kept in memory until the answer begins, so that it can be tried again. Larger ones
    pass through in pieces and are tried once."""

    connect_timeout_seconds: Seconds = 5.0
    """Seconds to reach an upstream, TLS included."""

    first_byte_timeout_seconds: Seconds = 600.0
    """Seconds until an upstream starts to answer, as OpenAI's own clients wait."""

    idle_timeout_seconds: Seconds = 300.0
    """Seconds of silence in the middle of an answer after which it counts as broken."""

    breaker_failures: Count = 5
    """Failures in a row after which an upstream is left alone for a while."""

    breaker_seconds: Seconds = 15.0
    """Seconds an upstream is left alone before one request tries whether it is back; doubled each time it is not, up
    to ten times as long."""


class KeysSettings(Group):
    """The API keys that this service issues."""

    required: bool | None = None
    """Whether every request needs a key. Unset means yes, unless `server.host` keeps the service to this machine.
    Turning it off where it does not keeps the service from starting."""

    admin_key: Annotated[SecretStr, Field(min_length=32)] | None = None
    """An admin key of your choosing, at least 32 characters, for installations that are set up unattended. Unset means
    that the first start makes one and prints it."""

    refresh_seconds: Seconds = 2.0
    """Seconds after which a key that another process made, changed or revoked is known here."""

    limits_url: SecretStr | None = None
    """Redis server, such as `redis://host:6379`, in which several processes count requests and tokens per minute
    together (needs `footnote[redis]`). Unset means that each process counts for itself."""


class Price(Group):
    """Price of a model, in US dollars for a million tokens."""

    input: Annotated[float, Field(ge=0)]
    """Tokens that are read."""

    output: Annotated[float, Field(ge=0)] = 0.0
    """Tokens that are written."""

    cached_input: Annotated[float, Field(ge=0)] | None = None
    """Tokens that are read from the upstream's cache. Unset means as `input`."""


Prices = Annotated[Mapping[str, Price], BeforeValidator(read_json)]


class UsageSettings(Group):
    """The ledger: who called what, tokens, latency, cost."""

    flush_seconds: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Seconds between two writes to the database. What a crash loses of the ledger is less than that."""

    keep_days: Count = 400
    """Days a row of the ledger is kept."""

    prices: Prices = Field(default_factory=dict)
    """Prices of models that have none in the built-in table, or another: `[usage.prices."my-model"]` with `input`,
    `output` and `cached_input` in US dollars for a million tokens in the file, the same as JSON in the environment.
    `*` in a name stands for any characters."""


class IngestSettings(Group):
    """How documents become searchable chunks."""

    chunk_max_tokens: Annotated[int, Field(ge=16, le=4096)] | None = None
    """Longest chunk of a new store, in tokens of OpenAI's `cl100k_base`. Unset means 800 (OpenAI's default), or 256
    with the embedded model, whose window is 512 of its own, smaller tokens."""

    chunk_overlap_tokens: Annotated[int, Field(ge=0, le=2048)] | None = None
    """Tokens a chunk repeats of the one before it, at most half a chunk. Unset means 400 (OpenAI's default), or 0 with
    the embedded model, where each repeated token costs seconds of this machine's time."""

    parse_processes: Annotated[int, Field(ge=1, le=256)] | None = None
    """Processes that read files, apart from the service so that a hostile file harms only itself. Unset means one a
    core, at most two: they read faster than embeddings come in, and stay below 1 GB together with the service."""

    parse_timeout_seconds: Seconds = 120.0
    """Seconds one file may take to read; the process is killed and the document fails after that."""

    parse_memory_bytes: Bytes = 268_435_456
    """Memory one file may take while it is read, in bytes, beside the 75 MB of the process itself; a file that needs
    more fails. Ordinary files take below 30 MB, a text of 10 million characters up to 120 MB."""

    ocr: Literal["none", "local"] = "none"
    """Whether pages of a PDF that are pictures without text are recognised: `local` does it on this machine, in some
    seconds a page, and needs `pip install "footnote[ocr]"`."""

    ocr_memory_bytes: Bytes = 805_306_368
    """Memory that recognition may take beside `parse_memory_bytes`, in bytes, for each process that reads files."""

    ocr_page_timeout_seconds: Seconds = 60.0
    """Seconds the recognition of one page may take, and the rest of the file after the last such page."""

    ocr_max_pages: Count = 1_000
    """Pages of one file that are recognised; a file with more of them fails."""

    max_text_characters: Annotated[int, Field(ge=1, le=1_000_000_000)] = 20_000_000
    """Characters of text one document may hold, about 10,000 pages; more is taken for a decompression bomb, and the
    document fails. `parse_memory_bytes` must grow with it, by 4 to 12 bytes a character."""

    concurrency: Annotated[int, Field(ge=1, le=1024)] = 64
    """Documents in work side by side, so that one slow file does not hold up the others and embeddings calls are full.
    A quarter of the places is kept for urgent ones. Of large files, fewer: 128 MB together."""

    in_service: bool = True
    """Whether `footnote serve` itself works on documents. Turn it off where `footnote worker` does."""

    lease_seconds: Annotated[float, Field(ge=1, le=3_600)] = 30.0
    """Seconds after which a worker that has given no sign of life counts as dead, and others take its documents."""

    max_failures: Annotated[int, Field(ge=0, le=100)] = 8
    """Times a document is put off when the upstream, Qdrant or the database does not answer, before it fails. The
    pauses double from 2 seconds to 10 minutes: eight make about 10 minutes."""

    urgent_bytes: Annotated[int, Field(ge=0)] = 1_048_576
    """A file up to this size that is handed in alone or in small company overtakes the bulk, in bytes."""


class SearchSettings(Group):
    """How questions find passages and become answers."""

    limit: Annotated[int, Field(ge=1, le=50)] = 10
    """Hits returned when a request does not say."""

    candidates: Annotated[int, Field(ge=1, le=1000)] = 100
    """Hits taken from each of the dense and the BM25 list before they are fused."""

    rrf_k: Annotated[int, Field(ge=1, le=1000)] = 60
    """Constant of reciprocal rank fusion, which joins the hits of several questions or stores: the larger, the less the
    first ranks count (Cormack et al., 2009)."""

    rerank: Literal["none", "upstream", "chat"] = "none"
    """Who reads the best hits together with the question and puts them in a better order: `upstream`, a model behind
    `/rerank` in the form of Cohere and Jina, or `chat`, the chat model, which grades them in one call. Each search
    takes longer by that call. Where it fails, hits keep the order they had, and the response says so."""

    rerank_model: str | None = Field(default=None, validate_default=True)
    """Model that reranks for `upstream`, such as `rerank-v3.5` or `BAAI/bge-reranker-v2-m3`; must be set for it. With
    several servers, it goes to those that list the model."""

    rerank_candidates: Annotated[int, Field(ge=2, le=200)] = 30
    """Hits that are reranked, or as many as are wanted where those are more. More find what was ranked low, and take
    longer."""

    rerank_timeout_seconds: Seconds = 5.0
    """Seconds after which a search does without the reranker, retries included."""

    queries: Annotated[int, Field(ge=1, le=8)] = 1
    """Ways of putting a question that answers are searched for; the chat model writes those beyond the first. Each adds
    a search, all of them together a call of the chat model."""

    per_document: Annotated[int, Field(ge=1, le=50)] | None = 6
    """Passages of one document among those of an answer, as long as other documents have something to say. Six of eight
    cost no answer where each document is a long article; fewer do."""

    answer_passages: Annotated[int, Field(ge=1, le=50)] = 8
    """Passages the chat model reads for one answer."""

    answer_max_tokens: Tokens = 1_000
    """Longest answer, in the chat model's tokens."""

    context_max_tokens: Tokens = 16_000
    """Tokens of passages in one prompt, to stay within the chat model's window."""

    silence_threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Confidence below which an answer says that the documents do not say, without asking the chat model; 0 means
    never. Unset means what was measured for the embedding model where there is no chat model, and 0 where there is one:
    it judges better than any score. `footnote eval` draws the curve to choose from."""

    answer_cache_seconds: Annotated[int, Field(ge=0, le=31_536_000)] = 0
    """Seconds for which an answer is kept for whoever asks the same of the same store under the same options. A change
    of the store's documents forgets its answers at once. 0 keeps none."""

    chat_sources: bool = True
    """Whether answers of `/v1/chat/completions` end with the list of what their markers stand for, file and page, for
    clients that show the text alone."""

    _rerank_model = field_validator("rerank_model")(needed_to_rerank)


class StoreModel(Group):
    """A chat model of your own that answers from stores, under the name you choose (small letters and digits)."""

    stores: Names
    """Names or ids of the stores it answers from: a list in the file, separated by commas in the environment."""

    model: str | None = None
    """Chat model that writes the answers. Unset means `upstream.chat_model`."""

    instructions: str | None = None
    """What the chat model is told besides, such as a tone or whom it speaks to."""


class ServerSettings(Group):
    """The HTTP server."""

    host: str = "127.0.0.1"
    """Address to listen on. The default keeps the service to this machine."""

    port: Annotated[int, Field(ge=0, le=65_535)] = 8321
    """Port to listen on; 0 takes a free one."""

    max_upload_bytes: Bytes = 536_870_912
    """Largest file that is accepted, in bytes (OpenAI's limit is 512 MB too)."""

    max_request_bytes: Bytes = 1_073_741_824
    """Largest upload that is accepted, in bytes, all files of one request together; it is kept on disk while it comes
    in. Other requests may have 1 MiB."""

    allowed_hosts: HostNames | None = None
    """Host names that clients may call the service by: a list in the file, separated by commas in the environment; `*`
    means any. Unset means `localhost`, `127.0.0.1`, `::1` and `server.host` when that keeps the service to this
    machine, so that no web site can reach it through a name of its own, and any name otherwise."""

    shutdown_seconds: Seconds = 10.0
    """Seconds open requests get to finish when the service stops."""


class LogSettings(Group):
    """What is logged, on standard error. Never keys, never document text."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe message that is logged."""

    format: Literal["text", "json"] = "text"
    """Lines for people, or one JSON object a line for programs that collect logs."""


class Settings(Group):
    """The whole configuration; made once, at the entry point."""

    url: str = "http://127.0.0.1:8321"
    """Address of the running service that `footnote add`, `search` and `ask` talk to."""

    api_key: SecretStr | None = None
    """Key that `footnote add`, `search`, `ask` and the other commands send to the running service; `footnote keys`
    makes them."""

    data: DataSettings = DataSettings()
    """Where this machine keeps its data."""

    database: DatabaseSettings = DatabaseSettings()
    """The relational database."""

    files: FilesSettings = FilesSettings()
    """Uploaded files and extracted texts."""

    qdrant: QdrantSettings = QdrantSettings()
    """The vector database."""

    upstream: UpstreamSettings = UpstreamSettings()
    """The OpenAI-compatible server."""

    upstreams: Mapping[ServerName, UpstreamServer] = Field(default_factory=dict)
    """More OpenAI-compatible servers, by name."""

    embeddings: Mapping[ServerName, EmbeddingWording] = Field(default_factory=dict)
    """What some embedding models want to be told, by a name you choose."""

    relay: RelaySettings = RelaySettings()
    """What passes through to the upstreams."""

    keys: KeysSettings = KeysSettings()
    """Keys that this service issues."""

    usage: UsageSettings = UsageSettings()
    """The ledger."""

    ingest: IngestSettings = IngestSettings()
    """How documents become searchable."""

    search: SearchSettings = SearchSettings()
    """How questions are answered."""

    models: Mapping[ServerName, StoreModel] = Field(default_factory=dict)
    """Chat models that answer from stores, by name."""

    server: ServerSettings = ServerSettings()
    """The HTTP server."""

    log: LogSettings = LogSettings()
    """Logging."""
