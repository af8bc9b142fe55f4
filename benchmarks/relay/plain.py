"""The relay that most people write first: a FastAPI route and httpx. `python -m benchmarks.relay.plain URL`."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from benchmarks.relay.listening import serve

_DROPPED = {"host", "connection", "content-length", "transfer-encoding", "keep-alive"}


def application(base_url: str) -> FastAPI:
    """Pass everything under `/v1` on, streaming the answer."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    client = httpx.AsyncClient(timeout=60, limits=limits, trust_env=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with client:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.api_route("/v1/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def relay(path: str, request: Request) -> StreamingResponse:
        headers = [(name, value) for name, value in request.headers.items() if name not in _DROPPED]
        url = httpx.URL(f"{base_url}/{path}", query=request.url.query.encode())
        sent = client.build_request(request.method, url, headers=headers, content=await request.body())
        answer = await client.send(sent, stream=True)
        kept = {name: value for name, value in answer.headers.items() if name not in _DROPPED}
        closing = BackgroundTask(answer.aclose)
        return StreamingResponse(answer.aiter_raw(), answer.status_code, headers=kept, background=closing)

    return app


if __name__ == "__main__":
    serve(application(sys.argv[1]))
