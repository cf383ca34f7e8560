"""What the cases in this folder stand on: the example fleet, served by the real config service."""

import contextlib
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(os.environ["FLEETCAST_SOURCE_DIR"])
BUILD = Path(os.environ["FLEETCAST_BUILD_DIR"])
BIN = BUILD / "bin"
TOOLS = BUILD / "tools"
PROTOSET = BUILD / "fleetcast.protoset"
CLIENTS = BUILD / "clients"

CONFIG = "fleetcast.config.v1.ConfigService"


@contextlib.contextmanager
def temporary_folder():
    with tempfile.TemporaryDirectory(prefix="fleetcast-", ignore_cleanup_errors=True) as path:
        os.chmod(path, 0o755)  # a private Postgres may run as another user
        yield Path(path)


def make_example_fleet(folder):
    subprocess.run([SOURCE / "examples/fleet/make_repository.sh", folder], check=True)


class ConfigServer:
    """`fleetcast-config` on a free port, from `with` to its end."""

    def __init__(self, settings, environment=None):
        command = [BIN / "fleetcast-config", "--listen", "127.0.0.1:0"]
        for name, value in settings.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        self._process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.target = self._await_address()

    def _await_address(self):
        lines = []
        for line in self._process.stdout:
            lines.append(line.decode())
            if match := re.search(r'"message":"serving","address":"([^"]+)"', lines[-1]):
                return match.group(1)
        raise RuntimeError("fleetcast-config did not start:\n" + "".join(lines))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.communicate()


@contextlib.contextmanager
def example_service():
    """The example fleet served; yields the service's host:port."""
    with temporary_folder() as folder:
        make_example_fleet(folder / "fleet")
        with ConfigServer({"repository": folder / "fleet"}) as server:
            yield server.target


def grpcurl(*arguments):
    """Runs grpcurl; its CompletedProcess with text in stdout and stderr."""
    command = [TOOLS / "grpcurl", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def call(target, method, request, *options):
    """One call of the config service by grpcurl, as a CompletedProcess."""
    data = json.dumps(request)
    return grpcurl("-plaintext", *options, "-d", data, target, f"{CONFIG}/{method}")


def answer(target, method, request, *options):
    """The answer of a call that must succeed."""
    process = call(target, method, request, *options)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)
