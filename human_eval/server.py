"""The annotation page as a small web application on this machine, with the ratings in a store.

Nobody is told lens, layer, verdict or what others said. On an address that only this machine can
reach, pages are open to whoever sits at it, and requests from other web pages are refused. On any
other address everyone needs the link with their own token.
"""

from __future__ import annotations

import contextlib
import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse
from starlette.responses import Response as Reply
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.core.errors import DataError, UsageError
from harness.core.progress import announce
from human_eval.access import address, is_loopback, is_own_host, is_own_origin
from human_eval.formats.lensbench import ratings_jsonl
from human_eval.listening import listening
from human_eval.payload import content_security_policy, page_payload, render_page
from human_eval.store import STORE_FILE, Store
from human_eval.study import PICTURES, Study, picture_names
from human_eval.submissions import read_submission
from human_eval.tokens import is_any_token, is_token_of, study_tokens

BODY_LIMIT: Final = 64 * 1024
"""Most bytes of a request to save a rating."""

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""For answers without any script; the page brings its own policy, with the hash of its script."""
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_CLOSING_S: Final = 3


def make_app(
    study: Study, folder: Path, store: Store, tokens: Mapping[str, str] | None
) -> Starlette:
    """Return the application that asks the people of a study.

    Args:
        study: What they are asked.
        folder: Folder of the study, with its pictures.
        store: Where answers are kept.
        tokens: Token of every annotator; None if only this machine can reach the server.
    """
    site = _Site(study, folder, store, tokens, _pictures(study))
    return Starlette(
        routes=[
            Route("/", site.index),
            Route("/healthz", _healthy),
            Route("/favicon.ico", _no_icon),
            Route("/a/{annotator}", site.page),
            Route("/a/{annotator}/ratings", site.save, methods=["POST"]),
            Route("/a/{annotator}/export.jsonl", site.export),
            Route("/a/{annotator}/progress.json", site.progress),
            Route("/pictures/{name}", site.picture),
            Route("/pictures/{token}/{name}", site.picture),
        ],
        middleware=[Middleware(_Guard, local=tokens is None)],
        exception_handlers={
            HTTPException: _refused,
            UsageError: _unacceptable,
            DataError: _unavailable,
            ClientDisconnect: _gone,
        },
    )


def serve(
    study: Study,
    folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    announce_links: Callable[[str], None],
) -> None:
    """Serve a study until Ctrl-C; the same call again goes on with what was saved.

    Args:
        study: What people are asked.
        folder: Folder of the study; the store, and the tokens if need be, are kept in it.
        host: Address to listen on; on one that other machines can reach, everyone needs a token.
        port: Port; 0 for any that is free.
        announce_links: Takes one line per annotator, with the link to hand out.

    Raises:
        UsageError: The address cannot be listened on, or the port is taken.
        MismatchError: The folder holds answers to another study.
        DataError: Store or tokens cannot be read or written.
    """
    with listening(host, port) as listener, Store(folder / STORE_FILE, study) as store:
        tokens = None if is_loopback(host) else study_tokens(folder, study.assignments)
        base = address(host, listener.getsockname()[1])
        for annotator in study.assignments:
            announce_links(f"{annotator}: {base}{_page_path(annotator, tokens)}")
        announce("Ctrl-C ends it; every saved answer is kept, and the same command goes on")
        config = uvicorn.Config(
            make_app(study, folder, store, tokens),
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=_CLOSING_S,
        )
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


@dataclass(frozen=True, slots=True)
class _Site:
    """The pages of one study."""

    study: Study
    folder: Path
    store: Store
    tokens: Mapping[str, str] | None
    pictures: frozenset[str]

    def index(self, request: Request) -> Reply:
        """Show a link per annotator where that gives nothing away."""
        if self.tokens is not None:
            return _plain_page("<p>Please open the link that was given to you.</p>")
        links = "".join(
            f'<li><a href="{_page_path(name, None)}">{html.escape(name)}</a></li>'
            for name in self.study.assignments
        )
        return _plain_page(f"<p>Who are you?</p><ul>{links}</ul>")

    def page(self, request: Request) -> Reply:
        """Show the page of one annotator, with what was saved before."""
        annotator = self._annotator(request)
        token = self.tokens[annotator] if self.tokens is not None else ""
        payload = page_payload(
            self.study,
            annotator,
            mode="server",
            pictures=f"/pictures/{token}/" if token else "/pictures/",
            save=f"/a/{quote(annotator, safe='')}/ratings{_query(token)}",
            saved=self.store.latest(annotator),
        )
        policy = f"{content_security_policy('server')}; frame-ancestors 'none'"
        return HTMLResponse(render_page(payload), headers={"content-security-policy": policy})

    async def save(self, request: Request) -> Reply:
        """Store one rating."""
        annotator = self._annotator(request)
        self._from_own_page(request)
        submission = read_submission(await _body(request))
        await run_in_threadpool(self.store.append, annotator, submission)
        return JSONResponse({"saved": submission.item_id})

    def export(self, request: Request) -> Reply:
        """Give one annotator's ratings as a file."""
        annotator = self._annotator(request)
        text = ratings_jsonl(self.study.study_id, annotator, self.store.latest(annotator))
        name = quote(f"ratings-{annotator}.jsonl", safe="")
        return Reply(
            text,
            media_type="application/x-ndjson",
            headers={"content-disposition": f"attachment; filename*=UTF-8''{name}"},
        )

    def progress(self, request: Request) -> Reply:
        """Tell how many items are answered, and of how many."""
        annotator = self._annotator(request)
        asked = set(self.study.assignments[annotator])
        done = sum(rating.item_id in asked for rating in self.store.latest(annotator))
        return JSONResponse({"done": done, "total": len(asked)})

    def picture(self, request: Request) -> Reply:
        """Give one picture of the study; the token may stand in the path, as images need it."""
        given = request.path_params.get("token") or _given_token(request)
        if self.tokens is not None and not is_any_token(self.tokens, given):
            raise _no_access()
        name = request.path_params["name"]
        path = self.folder / PICTURES / name
        if name not in self.pictures or not path.is_file():
            raise HTTPException(404, "no such picture in this study")
        return FileResponse(path, headers={"cache-control": "private, max-age=86400"})

    def _annotator(self, request: Request) -> str:
        """Return whose page is asked for; an unknown name and a wrong token look the same."""
        annotator = str(request.path_params["annotator"])
        if self.tokens is not None:
            if not is_token_of(self.tokens, annotator, _given_token(request)):
                raise _no_access()
        elif annotator not in self.study.assignments:
            raise HTTPException(404, "no annotator of that name in this study")
        return annotator

    def _from_own_page(self, request: Request) -> None:
        """Refuse what a page of another origin can send without asking."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise HTTPException(415, "Content-Type: expected application/json")
        origin = request.headers.get("origin")
        host = request.headers.get("host", "")
        if self.tokens is None and origin is not None and not is_own_origin(origin, host):
            raise HTTPException(403, "Origin: ratings are taken from the page of this server only")


class _Guard:
    """Refuses hosts that are not ours and puts the strict headers on every answer."""

    def __init__(self, app: ASGIApp, local: bool) -> None:
        self.app = app
        self.local = local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if self.local and not is_own_host(Request(scope).headers.get("host", "")):
            refusal = PlainTextResponse("Host: expected localhost or 127.0.0.1\n", 403)
            await refusal(scope, receive, guarded)
        else:
            await self.app(scope, receive, guarded)


def _pictures(study: Study) -> frozenset[str]:
    return frozenset(name for item in study.items for name in picture_names(item.patch_id))


def _page_path(annotator: str, tokens: Mapping[str, str] | None) -> str:
    return f"/a/{quote(annotator, safe='')}{_query(tokens[annotator] if tokens else '')}"


def _query(token: str) -> str:
    return f"?token={quote(token, safe='')}" if token else ""


def _given_token(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value if scheme.lower() == "bearer" else request.query_params.get("token", "")


async def _body(request: Request) -> bytes:
    """Return the body of a request without holding more of it than is allowed."""
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > BODY_LIMIT:
            raise HTTPException(413, f"rating: expected at most {BODY_LIMIT} bytes")
    return bytes(found)


def _plain_page(body: str) -> Reply:
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Annotation</title>'
        "<style>:root{color-scheme:light dark;font:1.1rem/1.6 system-ui,sans-serif}"
        "main{max-width:34rem;margin:3rem auto;padding:0 1rem}"
        "li{margin:.8rem 0}a{padding:.6rem 0}</style>"
        f"<main><h1>Annotation</h1>{body}</main></html>\n"
    )


def _no_access() -> HTTPException:
    return HTTPException(403, "this link is not valid: please open the one that was given to you")


async def _healthy(request: Request) -> Reply:
    return PlainTextResponse("ok\n")


async def _no_icon(request: Request) -> Reply:
    return Reply(status_code=204)


async def _refused(request: Request, error: Exception) -> Reply:
    assert isinstance(error, HTTPException)
    return _one_line(error.detail, error.status_code, error.headers)


async def _unacceptable(request: Request, error: Exception) -> Reply:
    return _one_line(str(error), 400)


async def _unavailable(request: Request, error: Exception) -> Reply:
    """Tell details to who runs the server, and to the annotator only that nothing is stored."""
    announce(str(error))
    return _one_line("the server cannot read or store ratings: please tell its owner", 503)


async def _gone(request: Request, error: Exception) -> Reply:
    return _one_line("the request ended early", 400)


def _one_line(line: str, status: int, headers: Mapping[str, str] | None = None) -> Reply:
    return PlainTextResponse(f"{line}\n", status, headers)
