"""A whole Fleetcast on this machine, with simulated plants and a git repository of circuits."""

import json
import os
import re
import shutil
import socket
import subprocess

import fleet


def free_ports():
    """The first of a row of free ports as `fleetcast local up --port-base` needs them."""
    for base in range(21000 + os.getpid() % 300 * 20, 32000, 20):
        with_sockets = []
        try:
            for offset in (0, 1, 2, 3, 10):
                probe = socket.socket()
                with_sockets.append(probe)
                probe.bind(("127.0.0.1", base + offset))
            return base
        except OSError:
            continue
        finally:
            for probe in with_sockets:
                probe.close()
    raise RuntimeError("found no free ports")


class Stack:
    """From `with` to its end. `circuits` is the repository; its main has five circuits, and
    examples/ci's scripts in ci/."""

    def __init__(self, folder):
        self.circuits = folder / "circuits"
        self.sensors = folder / "sensors"
        self.data = folder / "data"
        self.base = free_ports()
        names = ("config", "trainer", "registry", "inference")
        self.targets = {name: f"127.0.0.1:{self.base + i}" for i, name in enumerate(names)}

    def __enter__(self):
        self.make_circuits()
        self.fleetcast(
            *("local", "up", "--config-repo", self.circuits, "--sensor-data", self.sensors),
            *("--port-base", self.base, "--trainers", "1"),
        )
        return self

    def make_circuits(self):
        self.fleetcast(
            *("data", "simulate", "--circuits-of", "P001=3,P002=2", "--days", "100"),
            *("--out", self.sensors, "--config-repo", self.circuits, "--end", "2025-12-17"),
            *("--cutoff-date", "2025-12-09", "--lstm-units", "32", "--epochs", "12"),
        )
        shutil.copytree(fleet.SOURCE / "examples/ci", self.circuits / "ci")
        (self.circuits / ".gitignore").write_text(".fleetcast/\n")
        self.commit("The pipeline's scripts")
        self.publish()

    def __exit__(self, *_):
        self.fleetcast("local", "down")

    def fleetcast(self, *arguments):
        command = [fleet.BIN / "fleetcast", *map(str, arguments), "--data-dir", self.data]
        process = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        assert process.returncode == 0, f"{command}:\n{process.stdout}{process.stderr}"
        return process.stdout

    def git(self, *arguments):
        names = ("-c", "user.name=mia", "-c", "user.email=mia@plant.example")
        command = ["git", "-C", self.circuits, *names, *arguments]
        process = subprocess.run(command, capture_output=True, text=True, check=False)
        assert process.returncode == 0, f"{command}:\n{process.stderr}"
        return process.stdout.strip()

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def publish(self):
        """origin/main is main now."""
        self.git("update-ref", "refs/remotes/origin/main", "main")

    def branch(self, name, edits):
        """A branch of main with these replacements, {path: (old, new)}; returns its commit."""
        self.git("switch", "-q", "-c", name, "main")
        self.replace(edits)
        return self.git("rev-parse", "HEAD")

    def replace(self, edits):
        """Makes these replacements on the present branch, and commits all that has changed."""
        for path, (old, new) in edits.items():
            file = self.circuits / path
            text = file.read_text()
            assert old in text, f"{path} has no {old}:\n{text}"
            file.write_text(text.replace(old, new, 1))
        self.commit(f"Change {', '.join(edits)}")

    def merge(self, name):
        """Merges a branch into main; returns main's commit after it."""
        self.git("switch", "-q", "main")
        self.git("merge", "-q", "--no-ff", "-m", f"Merge {name}", name)
        self.publish()
        return self.git("rev-parse", "HEAD")

    def add_circuit(self, plant_id, circuit_id, like):
        """A circuit of the plant beside the one that it is like, not yet committed."""
        master = self.circuits / "config/plants_circuits.yml"
        text = master.read_text()
        heading = next(line for line in text.splitlines() if f'plant_id: "{plant_id}"' in line)
        start = text.index("    circuits:\n", text.index(heading)) + len("    circuits:\n")
        entry = f'      - circuit_id: "{circuit_id}"\n        circuit_name: "Line {circuit_id}"\n'
        master.write_text(text[:start] + entry + text[start:])
        folder = self.circuits / "config/plants" / plant_id
        settings = (folder / f"{like}.yml").read_text()
        (folder / f"{circuit_id}.yml").write_text(settings.replace(like, circuit_id))

    def remove_circuit(self, plant_id, circuit_id):
        """Takes away a circuit whose id no other plant has, not yet committed."""
        master = self.circuits / "config/plants_circuits.yml"
        entry = rf'      - circuit_id: "{circuit_id}"\n        circuit_name: .*\n'
        master.write_text(re.sub(entry, "", master.read_text(), count=1))
        (self.circuits / f"config/plants/{plant_id}/{circuit_id}.yml").unlink()

    def call(self, service, method, request):
        """The answer of any service's method, by grpcurl."""
        data = json.dumps(request)
        process = fleet.grpcurl("-plaintext", "-d", data, self.targets[service], method)
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout)


class ExampleStack(Stack):
    """The same with the repository of examples/fleet."""

    def make_circuits(self):
        fleet.make_example_fleet(self.circuits)
        self.fleetcast(
            *("data", "simulate", "--circuits-of", "P001=3,P002=2", "--days", "100"),
            *("--end", "2025-12-17", "--out", self.sensors),
        )
