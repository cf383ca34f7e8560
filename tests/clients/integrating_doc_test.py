"""docs/integrating.md against a running stack of the example fleet: each `$ command` of its console
blocks must answer what the page says, but for hashes, ids, moments and decimals. With
FLEETCAST_UPDATE_DOCUMENT=1 in the environment the answers are written anew instead."""

import difflib
import os
import re
import subprocess
import unittest
from pathlib import Path

import fleet
from stack import ExampleStack

DOCUMENT = fleet.SOURCE / "docs/integrating.md"
CONFIGURATION = fleet.SOURCE / "docs/configuration.md"
CONSOLE = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.M | re.S)
FILE = re.compile(r"^```python (\S+)\n(.*?)^```$", re.M | re.S)
END = "\x1e"  # after each command's output


def commands_of(block):
    """The block's commands, each with its continuation lines, without the prompt."""
    commands, answering = [], False
    lines = block.splitlines()
    for line in lines:
        if line.startswith("$ "):
            commands.append(line[2:])
            answering = False
        elif not answering and commands and line.startswith("  "):
            if is_complete(commands[-1]):
                answering = True
            else:
                commands[-1] += "\n" + line
        else:
            answering = True
    return commands


def is_complete(command):
    """Whether a shell would run it now, and not wait for more."""
    if command.rstrip().endswith(("\\", "|")):
        return False
    check = subprocess.run(["bash", "-n"], input=command, text=True, capture_output=True, check=False)
    return check.returncode == 0


def normal(text):
    """What must be the same from run to run."""
    for pattern, name in (
        (r'"next_page_token": "[^"]*"', '"next_page_token": TOKEN'),
        (r"\b[0-9a-f]{64}\b", "HASH"),
        (r"\b[0-9a-f]{40}\b", "COMMIT"),
        (r"\b0[0-9a-z]{25}\b", "ID"),
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "MOMENT"),
        (r"-?\b\d+\.\d+\b(?!\.)", "DECIMAL"),
    ):
        text = re.sub(pattern, name, text)
    return text


class Shell:
    """Runs a page's blocks, in order, in a folder that looks like the checkout."""

    def __init__(self, folder, targets):
        self.folder = folder
        self.ports = {f"localhost:{7001 + i}": target for i, target in enumerate(targets.values())}
        self.state = folder / "variables"
        (folder / "build").mkdir()
        (folder / "build/fleetcast.protoset").symlink_to(fleet.PROTOSET)
        for name in ("proto", "examples"):
            (folder / name).symlink_to(fleet.SOURCE / name)

    def at_targets(self, text):
        for port, target in self.ports.items():
            text = text.replace(port, target)
        return text

    def write_file(self, path, text):
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(self.at_targets(text))

    def answers(self, commands):
        """What each command of one block prints; variables last from block to block."""
        end = "{ status=$?; printf '\\036'; (exit $status); }"
        body = "".join(f"{self.at_targets(command)}\n{end}\n" for command in commands)
        keep = f"[ ! -e {self.state} ] || . {self.state}"
        save = f"declare -p run release changes request 2>/dev/null >{self.state}"
        process = subprocess.run(
            ["bash"],
            input=f"exec 2>&1\n{keep}\n{body}{save}\n",
            cwd=self.folder,
            env={"PATH": f"{fleet.TOOLS}:{os.environ['PATH']}", "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=1700,
            check=False,
        )
        printed = process.stdout.split(END)[: len(commands)]
        assert len(printed) == len(commands), process.stdout
        return printed


def rewritten(text, shell):
    """The page with each block's answers as they are now."""
    for path, content in FILE.findall(text):
        shell.write_file(path, content)

    def answered(match):
        commands = commands_of(match.group(0))
        pairs = zip(commands, shell.answers(commands), strict=True)
        lines = (f"$ {command}\n{printed}".rstrip("\n") for command, printed in pairs)
        return "\n".join(lines) + "\n"

    return CONSOLE.sub(answered, text)


class IntegratingDocumentTest(unittest.TestCase):
    def test_every_command_answers_what_the_page_says(self):
        text = DOCUMENT.read_text()
        with fleet.temporary_folder() as folder, ExampleStack(folder) as stack:
            (folder / "checkout").mkdir()
            now = rewritten(text, Shell(folder / "checkout", stack.targets))
        if os.environ.get("FLEETCAST_UPDATE_DOCUMENT"):
            DOCUMENT.write_text(now)
            return
        difference = "\n".join(
            difflib.unified_diff(
                normal(text).splitlines(),
                normal(now).splitlines(),
                "docs/integrating.md",
                "what the services answer",
                lineterm="",
            )
        )
        self.assertEqual(
            difference, "", "run this test with FLEETCAST_UPDATE_DOCUMENT=1 and read the change"
        )

    def test_exit_codes_are_64_and_the_code(self):
        rows = re.findall(r"^\| (\d+) \| [A-Z_]+ \((\d+)\) \|", DOCUMENT.read_text(), re.M)
        self.assertGreaterEqual(len(rows), 9)
        for exit_code, code in rows:
            self.assertEqual(int(exit_code), 64 + int(code))

    def test_links_lead_somewhere(self):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", DOCUMENT.read_text()):
            if not target.startswith("https://"):
                self.assertTrue((DOCUMENT.parent / target).exists(), target)


# Upper-case words of the sources that are not reasons of an error or of a diagnostic.
NO_REASONS = {"FLEETCAST_CONFIG", "MATRIX_FORMAT_AZURE_PIPELINES", "MATRIX_FORMAT_GITHUB_ACTIONS"}
# What the config service uses of the code that all services share.
SHARED = ["status", "filter", "page", "resource_name"]


def words_in(paths):
    words = set()
    for path in paths:
        words |= set(re.findall(r'"([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)"', Path(path).read_text()))
    return words - NO_REASONS


def table(text, begin, end):
    part = text.split(begin)[1].split(end)[0]
    first_cells = [line.split("|")[1] for line in part.splitlines() if line.startswith("|")]
    return set(re.findall(r"`([A-Z_0-9]+)`", " ".join(first_cells)))


class ReasonsTest(unittest.TestCase):
    def setUp(self):
        service = (fleet.SOURCE / "services/config").rglob("*.cc")
        self.of_service = words_in(service)
        self.shared = words_in(fleet.SOURCE / f"common/base/{name}.cc" for name in SHARED)
        self.errors = table(DOCUMENT.read_text(), "<!-- reasons:", "<!-- end of reasons -->")
        self.diagnostics = table(CONFIGURATION.read_text(), "## What can be wrong", "## ")

    def test_every_reason_of_the_code_is_explained(self):
        self.assertGreater(len(self.of_service), 40)
        explained = self.errors | self.diagnostics
        self.assertEqual((self.of_service | self.shared) - explained, set())

    def test_every_reason_that_is_explained_is_in_the_code(self):
        id_checks = words_in([fleet.SOURCE / "common/base/id.cc"])
        self.assertEqual(self.errors - self.of_service - self.shared - id_checks, set())
