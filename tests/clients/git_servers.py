"""Servers of git repositories as companies have them: https with a token, ssh with a key."""

import base64
import contextlib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# Nothing of this machine's own git settings.
GIT_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin:/usr/sbin",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


def run(*command, **options):
    """Standard output of a program that must succeed."""
    process = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert process.returncode == 0, f"{command}:\n{process.stdout}{process.stderr}"
    return process.stdout.strip()


def make_sha256_repository(source, folder):
    """The files of the clone `source` in a new repository that names its objects by SHA-256."""
    run("git", "init", "-q", "-b", "main", "--object-format=sha256", folder, env=GIT_ENVIRONMENT)
    shutil.copytree(source / "config", folder / "config")
    names = ("-c", "user.name=mia", "-c", "user.email=mia@plant.example")
    run("git", "-C", folder, "add", ".", env=GIT_ENVIRONMENT)
    run("git", "-C", folder, *names, "commit", "-q", "-m", "All", env=GIT_ENVIRONMENT)


class Repository:
    """A bare repository on a server, and the clone of a person who pushes to it."""

    def __init__(self, source, folder):
        self.bare, self.clone = folder / "fleet.git", folder / "clone"
        folder.mkdir()
        run("git", "clone", "-q", "--bare", source, self.bare)
        run("git", "clone", "-q", self.bare, self.clone)

    def git(self, *arguments):
        names = ("-c", "user.name=mia", "-c", "user.email=mia@plant.example")
        return run("git", "-C", self.clone, *names, *arguments)

    def push_commit(self, branch="main"):
        """Pushes a further commit to the branch, new or not; returns its id."""
        self.git("commit", "-q", "--allow-empty", "-m", "One more")
        self.git("push", "-q", "origin", f"HEAD:refs/heads/{branch}")
        return self.git("rev-parse", "HEAD")

    def push_tag(self, name):
        self.git("tag", "-a", "-m", name, name)
        self.git("push", "-q", "origin", name)


class Authority:
    """A company's own certificate authority; its certificate is the file `certificate`."""

    def __init__(self, folder):
        self._folder = folder
        folder.mkdir()
        self.certificate, self._key = folder / "ca.pem", folder / "ca.key"
        run(
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=Plant CA", "-keyout", self._key, "-out", self.certificate),
        )

    def context_for(self, host):
        """The TLS context of a server that this authority calls `host`."""
        key, request = self._folder / f"{host}.key", self._folder / f"{host}.csr"
        certificate = self._folder / f"{host}.pem"
        run(
            *("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}"),
            *("-keyout", key, "-out", request),
        )
        run(
            *("openssl", "x509", "-req", "-in", request, "-days", "2", "-CAcreateserial"),
            *("-CA", self.certificate, "-CAkey", self._key, "-out", certificate),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


class HttpsServer:
    """git http-backend behind TLS and Basic authentication, while the `with` lasts.

    Serves the repositories in folder `root` under the name `host`, to user git with the token.
    """

    def __init__(self, root, token, authority, host="localhost"):
        self.root = root
        self.token = token
        self.redirect_to = ""  # another server's URL: whatever is asked for is there
        self.redirects_before_asking = False  # for the token
        self.authorizations = []  # the header of each request, None where it had none
        handler = type("Handler", (_GitHandler,), {"git": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.socket = authority.context_for(host).wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.name = f"{host}:{self._server.server_port}"
        self.url = f"https://{self.name}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class _GitHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    git: HttpsServer

    def log_message(self, *_):
        pass

    def answer(self, status, headers, body=b""):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_request(self):
        authorization = self.headers.get("authorization")
        self.git.authorizations.append(authorization)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        expected = "Basic " + base64.b64encode(f"git:{self.git.token}".encode()).decode()
        let_in = authorization == expected
        if self.git.redirect_to and (let_in or self.git.redirects_before_asking):
            return self.answer(302, {"location": self.git.redirect_to + self.path})
        if not let_in:
            return self.answer(401, {"www-authenticate": 'Basic realm="fleet"'})
        return self.answer(*self.backend(body))

    do_GET = do_POST = handle_request

    def backend(self, body):
        """What git's own CGI program answers."""
        path, _, query = self.path.partition("?")
        environment = {
            **GIT_ENVIRONMENT,
            "GIT_PROJECT_ROOT": str(self.git.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
        }
        command = ["git", "http-backend"]
        process = subprocess.run(command, input=body, env=environment, capture_output=True)
        head, _, answer = process.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        return int(headers.pop("Status", "200").split()[0]), headers, answer


def make_key(path, kind="ed25519"):
    """A new private key for ssh in the file `path`; beside it path.pub."""
    run("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", path)
    return path


_ONLY_FETCHING = """#!/bin/sh
case $SSH_ORIGINAL_COMMAND in
  "git-upload-pack "*) exec git-shell -c "$SSH_ORIGINAL_COMMAND" ;;
esac
echo "only git-upload-pack is allowed" >&2
exit 1
"""

_SSHD_CONFIGURATION = """
HostKey {folder}/host_key
HostKey {folder}/second_host_key
AuthorizedKeysFile {folder}/authorized_keys
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PidFile none
"""


class SshServer:
    """A private sshd whose keys may fetch `repository` and nothing else, while the `with` lasts.

    Each connection is one sshd as inetd would start it: the port is ours, and no daemon is left.
    """

    def __init__(self, folder, repository):
        folder.mkdir()
        self._folder = folder
        self.host_key = make_key(folder / "host_key")
        self.second_host_key = make_key(folder / "second_host_key", "ecdsa")
        self.log = folder / "sshd.log"
        self.log.touch()
        self._only_fetching = folder / "only_fetching"
        self._only_fetching.write_text(_ONLY_FETCHING)
        self._only_fetching.chmod(0o755)
        (folder / "sshd_config").write_text(_SSHD_CONFIGURATION.format(folder=folder))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        user = pwd.getpwuid(os.getuid()).pw_name
        self.url = f"ssh://{user}@127.0.0.1:{self.port}{repository}"
        self._connections = []

    def __enter__(self):
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where root's sshd locks itself in
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._connections:
            connection.terminate()
            connection.wait()

    def _accept(self):
        files = ("-f", self._folder / "sshd_config", "-E", self.log)
        command = [shutil.which("sshd", path="/usr/sbin:/usr/local/sbin"), "-i", *files]
        with contextlib.suppress(OSError):  # the socket was closed
            while True:
                peer, _ = self._socket.accept()
                with peer:
                    process = subprocess.Popen(command, stdin=peer, stdout=peer)
                self._connections.append(process)

    def let_in(self, key):
        """Allows a private key's owner to fetch."""
        with (self._folder / "authorized_keys").open("a") as allowed:
            public = Path(f"{key}.pub").read_text()
            allowed.write(f'restrict,command="{self._only_fetching}" {public}')

    def keyscan(self, *options):
        """The lines for known_hosts, as the documentation says to get them."""
        return run("ssh-keyscan", *options, "-p", str(self.port), "127.0.0.1") + "\n"

    def logins(self):
        return self.log.read_text().count("Accepted publickey")
