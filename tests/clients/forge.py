"""The pull requests' comments of GitHub and of Azure Repos, as their REST interfaces have them."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "forge-token"
AZURE = "/project/_apis/git/repositories/repo"


class Forge:
    """Serves on a free port while the `with` lasts."""

    def __init__(self):
        self.comments = {}  # number of the pull request -> list of texts
        self.calls = []  # "POST", "PATCH", …
        handler = type("Handler", (_Handler,), {"forge": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    forge: Forge

    def log_message(self, *_):
        pass

    def reply(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_call(self):
        length = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.reply(401, {"message": "bad credentials"})
        self.forge.calls.append(self.command)
        for pattern, answer in (
            (r"/repos/plant/circuits/issues/(\d+)/comments", self.github_list_or_add),
            (r"/repos/plant/circuits/issues/comments/(\d+)", self.github_change),
            (rf"{AZURE}/pullRequests/(\d+)/threads", self.azure_list_or_add),
            (rf"{AZURE}/pullRequests/(\d+)/threads/(\d+)/comments/1", self.azure_change),
        ):
            if match := re.fullmatch(pattern, self.path.split("?")[0]):
                return answer(body, *map(int, match.groups()))
        return self.reply(404, {"message": f"no {self.path}"})

    do_GET = do_POST = do_PATCH = handle_call

    # A comment's id on GitHub is 1000 times its request's number, plus its place.
    def github_list_or_add(self, body, number):
        texts = self.forge.comments.setdefault(number, [])
        if self.command == "POST":
            texts.append(body["body"])
            return self.reply(201, {"id": number * 1000 + len(texts) - 1})
        first = 100 * (int(re.search(r"[?&]page=(\d+)", self.path).group(1)) - 1)
        page = [{"id": number * 1000 + i, "body": text} for i, text in enumerate(texts)]
        return self.reply(200, page[first : first + 100])

    def github_change(self, body, identity):
        self.forge.comments[identity // 1000][identity % 1000] = body["body"]
        self.reply(200, {})

    def azure_list_or_add(self, body, number):
        texts = self.forge.comments.setdefault(number, [])
        if self.command == "POST":
            texts.append(body["comments"][0]["content"])
            return self.reply(200, {"id": len(texts)})
        threads = [
            {"id": i + 1, "comments": [{"id": 1, "content": text}]} for i, text in enumerate(texts)
        ]
        return self.reply(200, {"value": threads})

    def azure_change(self, body, number, thread):
        self.forge.comments[number][thread - 1] = body["content"]
        self.reply(200, {})
