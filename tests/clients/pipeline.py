"""Runs the jobs of examples/ci as their systems would: the YAML's own steps, in order, with their
conditions, their environment and what earlier steps handed on. What a file uses and this does not
know is an error, so that an example cannot say what nothing has tried."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import yaml

import fleet

EXAMPLES = fleet.SOURCE / "examples/ci"
# Needs the network, and changes nothing that the steps after it would notice: grpcurl is there.
INSTALL = "Install grpcurl"


@dataclass
class Step:
    name: str
    script: str
    condition: str
    environment: dict


@dataclass
class Outcome:
    """What became of each step, by name: its output, and whether it ran and how."""

    outputs: dict = field(default_factory=dict)
    results: dict = field(default_factory=dict)

    @property
    def ok(self):
        return all(result in (0, "skipped") for result in self.results.values())

    def __str__(self):
        return "\n".join(
            f"== {name}: {result}\n{self.outputs.get(name, '')}"
            for name, result in self.results.items()
        )


class System:
    """One system: how its file is read, and what it puts into a step's environment."""

    file: str
    shell: list

    def __init__(self, checkout, facts, environment):
        self.checkout = checkout
        self.facts = facts  # what expressions may name
        self.environment = environment
        self.log = checkout.parent / "step.log"  # what the present step has printed
        self.log.write_text("")
        self.document = yaml.safe_load((EXAMPLES / self.file).read_text())

    def run(self, job):
        outcome = Outcome()
        for step in self.steps(job):
            if step.name == INSTALL:
                continue
            if not self.holds(step.condition, outcome.ok):
                outcome.results[step.name] = "skipped"
                continue
            environment = {
                "PATH": f"{fleet.TOOLS}:{os.environ['PATH']}",
                "HOME": str(self.checkout),
                **self.variables(job),
                **self.environment,
                **{name: self.evaluate(str(text)) for name, text in step.environment.items()},
            }
            with self.log.open("w") as log:
                process = subprocess.run(
                    [*self.shell, step.script],
                    cwd=self.checkout,
                    env=environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    timeout=600,
                    check=False,
                )
            outcome.results[step.name] = process.returncode
            outcome.outputs[step.name] = self.log.read_text()
            self.take_outputs(outcome.outputs[step.name])
        return outcome

    def replace(self, pattern, text):
        def value(match):
            if match.group(1) not in self.facts:
                raise KeyError(f"{self.file} names {match.group(1)}, which is not known")
            return self.facts[match.group(1)]

        return re.sub(pattern, value, text)


class GitHub(System):
    file = "github-actions.yml"
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]

    def __init__(self, checkout, facts, environment):
        super().__init__(checkout, facts, environment)
        self.outputs = Path(self.environment["GITHUB_OUTPUT"])
        self.environment |= {k: self.evaluate(v) for k, v in self.document["env"].items()}

    def steps(self, job):
        self.outputs.write_text("")
        for step in self.document["jobs"][job]["steps"]:
            if "uses" not in step:
                self.step_id = step.get("id")
                yield Step(step["name"], step["run"], step.get("if", ""), step.get("env", {}))

    def variables(self, _):
        return {}

    def evaluate(self, text):
        return self.replace(r"\$\{\{ ([^}]+) \}\}", text)

    def holds(self, condition, ok):
        condition = condition.removeprefix("${{ ").removesuffix(" }}")
        if condition == "!cancelled()":
            return True
        if not condition:
            return ok
        name, value = re.fullmatch(r"(steps\.\w+\.outputs\.\w+) != '(\w*)'", condition).groups()
        return ok and self.facts.get(name, "") != value

    def take_outputs(self, _):
        for line in self.outputs.read_text().splitlines():
            name, value = line.split("=", 1)
            self.facts[f"steps.{self.step_id}.outputs.{name}"] = value
        self.outputs.write_text("")


class Azure(System):
    file = "azure-pipelines.yml"
    shell = ["bash", "--noprofile", "--norc", "-c"]

    def __init__(self, checkout, facts, environment, groups):
        super().__init__(checkout, facts, environment)
        self.groups = groups  # the variable groups: name -> variables

    def find(self, job):
        [found] = [entry for entry in self.document["jobs"] if entry["job"] == job]
        return found

    def variables(self, job):
        entries = self.document["variables"] + self.find(job).get("variables", [])
        return {name: v for e in entries for name, v in self.groups[e["group"]].items()}

    def steps(self, job):
        for step in self.find(job)["steps"]:
            if "checkout" not in step:
                condition = step.get("condition", "")
                yield Step(step["displayName"], step["bash"], condition, step.get("env", {}))

    def evaluate(self, text):
        return self.replace(r"\$\(([\w.]+)\)", text)

    def holds(self, condition, ok):
        if condition == "succeededOrFailed()":
            return True
        if not condition:
            return ok
        form = r"and\(succeeded\(\), ne\(variables\['(\w+)'\], '(\w*)'\)\)"
        name, value = re.fullmatch(form, condition).groups()
        return ok and self.facts.get(name, "") != value

    def take_outputs(self, output):
        form = r"^##vso\[task\.setvariable variable=(\w+)\](.*)$"
        for name, value in re.findall(form, output, re.M):
            self.facts[name] = value
