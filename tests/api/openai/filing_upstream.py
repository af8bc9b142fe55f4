"""An upstream that has files of its own, and nothing else."""

from typing import Any

from aiohttp import web

from tests.fakes.threaded import Threaded, accept_no_more


class FilingUpstream(Threaded):
    """Lists files, newest first, as OpenAI does; `broken` makes it fail."""

    def __init__(self, count: int) -> None:
        super().__init__("filing-upstream")
        self.names = [f"file-theirs{number}" for number in range(count)]
        self.broken = False
        self.base_url = ""
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.1)
        self._site: web.TCPSite | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, host, port)
        await self._site.start()
        self.base_url = f"http://{host}:{self._runner.addresses[0][1]}/v1"

    async def stop(self) -> None:
        server: Any = self._site._server if self._site else None
        await accept_no_more([one._sock for one in server.sockets] if server else [])
        await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application()
        application.add_routes([web.get("/v1/files", self._list), web.post("/v1/files", self._take)])
        return application

    async def _list(self, request: web.Request) -> web.Response:
        if self.broken:
            raise web.HTTPNotFound
        names, after = self.names, request.query.get("after")
        if after is not None:
            if after not in names:
                raise web.HTTPBadRequest
            names = names[names.index(after) + 1 :]
        limit = int(request.query.get("limit", "10000"))
        data = [{"id": name, "object": "file", "purpose": "batch", "extra": 1} for name in names[:limit]]
        return web.json_response({"object": "list", "data": data, "has_more": len(names) > limit})

    async def _take(self, request: web.Request) -> web.Response:
        form = await request.post()
        return web.json_response({"id": "file-theirs", "object": "file", "purpose": form["purpose"]})
