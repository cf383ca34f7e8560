"""examples/ci, run step by step against a real stack: what a pull request and its merge go through
on GitHub Actions and on Azure Pipelines."""

import json
import os
import signal
import subprocess
import threading
import time
import unittest

import fleet
from forge import TOKEN, Forge
from pipeline import Azure, GitHub
from stack import Stack

TRAINING = "fleetcast.trainer.v1.TrainingService"
ENDPOINTS = "fleetcast.inference.v1.BatchEndpointService"
C001, C002 = "config/plants/P001/C001.yml", "config/plants/P001/C002.yml"
P2C001 = "config/plants/P002/C001.yml"
WATCHING = "watching trainingRuns/"
NEXT_WEEK = ("2025-12-09", "2025-12-16")
NEW_CUTOFF = "training.cutoff_date: 2025-12-09 → 2025-12-16"


class CiExamplesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(fleet.temporary_folder())
        cls.stack = cls.enterClassContext(Stack(cls.folder))

    def setUp(self):
        self.forge = self.enterContext(Forge())
        self.stack.git("switch", "-q", "main")
        self.targets = {
            f"FLEETCAST_{name.upper()}_TARGET": target
            for name, target in self.stack.targets.items()
        }

    def github(self, run, attempt=1, number=0, branch="", pushed=("", ""), **environment):
        """GitHub's runner, for a pull request or for a push (before, after)."""
        facts = {f"vars.{name}": target for name, target in self.targets.items()} | {
            "github.base_ref": "main",
            "github.event.pull_request.head.sha": branch,
            "github.event.pull_request.number": str(number),
            "github.event.pull_request.user.login": "mia",
            "github.event.before": pushed[0],
            "github.sha": pushed[1],
            "github.token": TOKEN,
        }
        system = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.forge.url.rstrip("/"),
            "GITHUB_REPOSITORY": "plant/circuits",
            "GITHUB_RUN_ID": str(run),
            "GITHUB_RUN_ATTEMPT": str(attempt),
            "GITHUB_OUTPUT": str(self.folder / "github-output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "github-summary"),
        }
        return GitHub(self.stack.circuits, facts, system | environment)

    def azure(self, run, attempt=1, number=0, branch="", pushed="", **environment):
        """Azure's agent, for a pull request or for a commit on main."""
        facts = {
            "System.PullRequest.TargetBranch": "refs/heads/main",
            "System.PullRequest.SourceCommitId": branch,
            "System.PullRequest.PullRequestId": str(number),
            "System.AccessToken": TOKEN,
            "Build.RequestedFor": "Mia Example",
            "Build.SourceVersion": pushed,
        }
        system = {
            "TF_BUILD": "True",
            "BUILD_BUILDID": str(run),
            "BUILD_REPOSITORY_ID": "repo",
            "SYSTEM_JOBATTEMPT": str(attempt),
            "SYSTEM_COLLECTIONURI": self.forge.url,
            "SYSTEM_TEAMPROJECTID": "project",
        }
        return Azure(self.stack.circuits, facts, system | self.targets | environment)

    def runs_of(self, number):
        """The training runs of a pull request, newest first."""
        request = {"filter": f"pull_request.number = {number}"}
        answer = self.stack.call("trainer", f"{TRAINING}/ListTrainingRuns", request)
        return answer.get("training_runs", [])

    def deployed(self):
        """What each circuit in service runs: {"P001/C001": deployment}."""
        request = {"parent": "batchEndpoints/-"}
        answer = self.stack.call("inference", f"{ENDPOINTS}/ListDeployments", request)
        return {f'{d["plant_id"]}/{d["circuit_id"]}': d for d in answer.get("deployments", [])}

    def succeeded(self, outcome):
        self.assertTrue(outcome.ok, outcome)
        self.assertNotIn("skipped", outcome.results.values(), outcome)
        return outcome

    def test_github_trains_a_pull_request_releases_its_merge_and_retires(self):
        head = self.stack.branch("newer-data", {C001: NEXT_WEEK})
        first = self.succeeded(self.github(100, number=12, branch=head).run("train"))
        self.assertIn("P001/C001: MODIFIED RETRAIN", first.outputs["What changes"])
        self.assertRegex(first.outputs["Wait"], r"P001/C001: v\d+ champion, MAE")
        [run] = self.runs_of(12)
        self.assertEqual((run["state"], run["commit"]), ("STATE_SUCCEEDED", head))
        self.assertEqual(run["spec"]["pull_request"], {"number": 12, "author": "mia"})
        [comment] = self.forge.comments[12]
        self.assertIn("1 to train, 0 to redeploy, 0 to retire", comment)
        self.assertRegex(
            comment, rf"\| P001/C001 \| RETRAIN \| {NEW_CUTOFF} \({C001}:5\) \| v\d+ champion"
        )

        # Run again, it finds what it has done.
        self.succeeded(self.github(100, attempt=2, number=12, branch=head).run("train"))
        self.assertEqual([again["name"] for again in self.runs_of(12)], [run["name"]])
        self.assertEqual(len(self.forge.comments[12]), 1)
        self.assertEqual(self.forge.calls.count("POST"), 1)

        pushed = self.stack.merge("newer-data")
        for attempt in (1, 2):
            release = self.succeeded(self.github(101, attempt, pushed=pushed).run("release"))
            self.assertRegex(release.outputs["Release"], r"P001/C001: v\d+ deployed")
            self.assertEqual(self.deployed()["P001/C001"]["config_commit"], pushed[1])
        self.assertEqual(self.deployed()["P001/C001"]["tags"]["circuit_id"], "C001")

        entry = '      - circuit_id: "C001"\n'
        master = (self.stack.circuits / "config/plants_circuits.yml").read_text()
        start = master.index(entry)
        entry = master[start : master.index("      - circuit_id", start + 1)]
        self.stack.branch("closed", {"config/plants_circuits.yml": (entry, "")})
        self.stack.git("rm", "-q", C001)
        self.stack.commit("Close the first line")
        retired = self.github(102, pushed=self.stack.merge("closed")).run("release")
        self.assertIn("P001/C001: taken out of service", self.succeeded(retired).outputs["Release"])
        self.assertNotIn("P001/C001", self.deployed())

    def test_azure_trains_a_pull_request_and_releases_its_merge(self):
        head = self.stack.branch("azure-data", {P2C001: NEXT_WEEK})
        for attempt in (1, 2):
            outcome = self.azure(200, attempt, number=13, branch=head).run("train")
            self.succeeded(outcome)
            self.assertRegex(outcome.outputs["Wait"], r"P002/C001: v\d+ champion")
        self.assertEqual(len(self.runs_of(13)), 1)
        [comment] = self.forge.comments[13]
        self.assertRegex(comment, r"\| P002/C001 \| RETRAIN \|.*champion")
        _, merged = self.stack.merge("azure-data")
        self.succeeded(self.azure(201, pushed=merged).run("release"))
        self.assertEqual(self.deployed()["P002/C001"]["config_commit"], merged)

        # A deployment value alone: nothing to train, and the champion is deployed anew.
        head = self.stack.branch("azure-redeploy", {P2C001: ("size: 100", "size: 200")})
        outcome = self.azure(202, number=14, branch=head).run("train")
        self.assertTrue(outcome.ok, outcome)
        self.assertEqual((outcome.results["Train"], outcome.results["Wait"]), ("skipped",) * 2)
        self.assertEqual(self.runs_of(14), [])
        self.assertIn("0 to train, 1 to redeploy", self.forge.comments[14][0])
        _, merged = self.stack.merge("azure-redeploy")
        self.succeeded(self.azure(203, pushed=merged).run("release"))
        self.assertEqual(self.deployed()["P002/C001"]["mini_batch_size"], 200)

    def test_problems_of_the_configuration_stand_on_their_lines_and_nothing_is_trained(self):
        head = self.stack.branch(
            "broken", {C002: ("lstm_units", "lstm_unit"), P2C001: ("epochs: 12", "epochs: 0")}
        )
        outcome = self.github(300, number=15, branch=head).run("train")
        self.assertEqual(outcome.results["What changes"], 1, outcome)
        self.assertRegex(
            outcome.outputs["What changes"],
            rf"(?m)^::error file={C002},line=9,col=5,title=UNKNOWN_KEY::.*did you mean `lstm_units`",
        )
        self.assertIn(f"\n::error file={P2C001},line=13,", outcome.outputs["What changes"])
        self.assertEqual((outcome.results["Train"], outcome.results["Wait"]), ("skipped",) * 2)
        self.assertRegex(self.forge.comments[15][0], rf"\| {C002}:9 \| UNKNOWN_KEY \|")

        outcome = self.azure(301, number=16, branch=head).run("train")
        self.assertEqual(outcome.results["What changes"], 1, outcome)
        self.assertIn(
            f"##vso[task.logissue type=error;sourcepath={C002};linenumber=9;columnnumber=5;"
            "code=UNKNOWN_KEY]UNKNOWN_KEY: ",
            outcome.outputs["What changes"],
        )
        self.assertIn("UNKNOWN_KEY", self.forge.comments[16][0])
        self.assertEqual(self.runs_of(15) + self.runs_of(16), [])

    def test_failed_circuit_is_named_with_its_reason_and_trained_again_by_the_next_attempt(self):
        sensor = self.stack.sensors / "SENSOR_P001_C002.csv"
        hidden = sensor.rename(sensor.with_suffix(".hidden"))
        self.addCleanup(lambda: hidden.exists() and hidden.rename(sensor))
        head = self.stack.branch("no-data", {C002: NEXT_WEEK})
        outcome = self.github(400, number=17, branch=head).run("train")
        self.assertEqual((outcome.results["Wait"], outcome.results["Comment"]), (1, 0), outcome)
        line = r"(?m)^::error title=P001/C002 [A-Z_]+::failed: DATA "
        self.assertRegex(outcome.outputs["Wait"], line)
        self.assertRegex(self.forge.comments[17][0], r"\| P001/C002 \| RETRAIN \|.*failed: DATA ")

        hidden.rename(sensor)
        outcome = self.github(400, attempt=2, number=17, branch=head).run("train")
        self.succeeded(outcome)
        self.assertIn("trained again", outcome.outputs["Train"])
        retry, first = self.runs_of(17)
        self.assertEqual(retry["retry_of"], first["name"])
        self.assertRegex(self.forge.comments[17][0], r"\| P001/C002 \| RETRAIN \|.*\| v\d+ ")
        # And a third attempt finds the second's.
        self.succeeded(self.github(400, attempt=3, number=17, branch=head).run("train"))
        self.assertEqual(len(self.runs_of(17)), 2)

    def test_watch_that_breaks_off_is_taken_up_again(self):
        # No trainer has this environment: the run waits until somebody ends it.
        head = self.stack.branch("waits", {C002: ('"1.5.0"', '"9.9.9"')})
        github = self.github(500, number=18, branch=head, FLEETCAST_WATCH_SECONDS="1")
        outcomes = []
        waiting = threading.Thread(target=lambda: outcomes.append(github.run("train")))
        waiting.start()
        self.await_watches(github.log, 1)  # a watch lasts a second
        status = json.loads(self.stack.fleetcast("local", "status", "-o", "json"))
        [pid] = [s["process"]["pid"] for s in status["services"] if s["name"] == "trainer-1"]
        os.kill(pid, signal.SIGKILL)
        self.await_watches(github.log, github.log.read_text().count(WATCHING) + 2)
        [run] = self.runs_of(18)
        request = {"request_id": "7d3f1c52-0a4e-4b6c-9a53-2f6f0c1d8e90", "name": run["name"]}
        self.stack.call("trainer", f"{TRAINING}/CancelTrainingRun", request)
        waiting.join()
        [outcome] = outcomes
        self.assertEqual(outcome.results["Wait"], 1, outcome)
        self.assertRegex(outcome.outputs["Wait"], r"::error title=P001/C002 STATE_CANCELLED::")
        self.assertIn("cancelled", self.forge.comments[18][0])

    def await_watches(self, log, count):
        """Waits until the step has begun that many watches after its first."""
        deadline = time.monotonic() + 600
        while log.read_text().count(WATCHING) < count:
            self.assertLess(time.monotonic(), deadline, log.read_text())
            time.sleep(0.05)

    def test_training_that_takes_too_long_says_what_it_waits_for(self):
        head = self.stack.branch("never", {C002: ('"1.5.0"', '"8.8.8"')})
        limits = {"FLEETCAST_WATCH_SECONDS": "1", "FLEETCAST_TRAINING_MINUTES": "0"}
        outcome = self.github(600, number=19, branch=head, **limits).run("train")
        self.assertEqual(outcome.results["Wait"], 1, outcome)
        self.assertRegex(outcome.outputs["Wait"], r"P001/C002: queued: .*8\.8\.8")
        self.assertRegex(outcome.outputs["Wait"], r"::error title=TRAINING_UNFINISHED::.*not done")

    def test_service_out_of_reach_and_unknown_revision_are_said_in_a_line(self):
        closed = {"FLEETCAST_CONFIG_TARGET": "127.0.0.1:1", "FLEETCAST_RETRY_SECONDS": "0"}
        outcome = self.azure(700, number=20, branch="main", **closed).run("train")
        self.assertRegex(
            outcome.outputs["What changes"],
            r"##vso\[task.logissue type=error;code=CALL_FAILED\].*config service: Failed to dial",
        )
        self.assertIn("could not tell what changes", self.forge.comments[20][0])
        outcome = self.github(701, number=21, branch="0" * 40).run("train")
        self.assertEqual(outcome.results["What changes"], 69, outcome)
        self.assertRegex(outcome.outputs["What changes"], r"::error title=REVISION_NOT_FOUND::")
        self.assertIn("**REVISION_NOT_FOUND**", self.forge.comments[21][0])

    def test_comment_that_is_refused_says_so(self):
        github = self.github(702, number=22, branch=self.stack.git("rev-parse", "main"))
        github.facts["github.token"] = "read-only"
        outcome = github.run("train")
        self.assertNotEqual(outcome.results["Comment"], 0, outcome)
        self.assertRegex(
            outcome.outputs["Comment"], r"(?m)^::error title=COMMENT_REFUSED::GET .*bad credentials"
        )

    def test_release_goes_on_after_a_circuit_that_fails_and_fails_at_the_end(self):
        longer = ("minutes: 60", "minutes: 90")
        self.stack.branch("timeouts", {C002: longer, P2C001: longer})
        pushed = self.stack.merge("timeouts")
        closed = {"FLEETCAST_RETRY_SECONDS": "0"}
        self.targets["FLEETCAST_REGISTRY_TARGET"] = "127.0.0.1:1"
        outcome = self.github(800, pushed=pushed, **closed).run("release")
        self.assertEqual(outcome.results["Release"], 1, outcome)
        for circuit in ("P001/C002", "P002/C001"):
            self.assertIn(f"::error title={circuit} CALL_FAILED::", outcome.outputs["Release"])
        self.assertIn("2 circuits were not released", outcome.outputs["Release"])

    def test_reflection_describes_every_service_and_the_details_of_its_errors(self):
        missing = {
            "config": ("fleetcast.config.v1.ConfigService/GetCircuit", "plants/P9/circuits/C9"),
            "trainer": (f"{TRAINING}/GetTrainingRun", "trainingRuns/01m859c651g70cah5w8mhe7gmt"),
            "registry": (
                "fleetcast.registry.v1.ModelService/GetModelVersion",
                "models/sensor-model/versions/999999",
            ),
            "inference": (
                f"{ENDPOINTS}/GetDeployment",
                "batchEndpoints/batch-endpoint-plant-P9/deployments/deployment-circuit-C9",
            ),
        }
        for service, (method, name) in missing.items():
            target = self.stack.targets[service]
            listed = fleet.grpcurl("-plaintext", target, "list").stdout.split()
            self.assertIn(method.split("/")[0], listed)
            for symbol in [*listed, "google.rpc.ErrorInfo", "google.rpc.ResourceInfo"]:
                if symbol.startswith("grpc.reflection."):
                    continue
                described = fleet.grpcurl("-plaintext", target, "describe", symbol)
                self.assertEqual(described.returncode, 0, f"{service}: {described.stderr}")
            request = json.dumps({"name": name})
            process = fleet.grpcurl("-plaintext", "-format-error", "-d", request, target, method)
            self.assertEqual(process.returncode, 64 + 5, f"{service}: {process.stderr}")
            info = json.loads(process.stderr)["details"][0]
            self.assertEqual((info["domain"], info["reason"]), ("fleetcast", "RESOURCE_NOT_FOUND"))


class ExampleFilesTest(unittest.TestCase):
    def test_actionlint_finds_nothing_in_the_workflow(self):
        command = [fleet.TOOLS / "actionlint", fleet.SOURCE / "examples/ci/github-actions.yml"]
        process = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(process.returncode, 0, process.stdout + process.stderr)

    def annotation(self, system, value):
        program = f'include "fleetcast"; annotation("{system}")'
        command = ["jq", "-L", fleet.SOURCE / "examples/ci", "-r", program]
        text = json.dumps(value)
        return subprocess.run(command, input=text, capture_output=True, text=True).stdout

    def test_annotations_carry_any_text_without_ending_early(self):
        value = {"level": "error", "title": "A:B,C", "message": "50 %\nnext;]"}
        value |= {"path": "a;b].yml", "line": 3}
        self.assertEqual(
            self.annotation("github", value),
            "::error file=a;b].yml,line=3,title=A%3AB%2CC::50 %25%0Anext;]\n",
        )
        self.assertEqual(
            self.annotation("azure", value),
            "##vso[task.logissue type=error;sourcepath=a%3Bb%5D.yml;linenumber=3;code=A:B,C]"
            "A:B,C: 50 %AZP25%0Anext;]\n",
        )

    def test_scripts_of_both_files_exist_and_can_be_run(self):
        for system in (GitHub.file, Azure.file):
            text = (fleet.SOURCE / "examples/ci" / system).read_text()
            for name in ("changes", "train", "wait", "comment", "release"):
                self.assertIn(f"ci/{name}.sh", text, system)
                self.assertTrue((fleet.SOURCE / f"examples/ci/{name}.sh").stat().st_mode & 0o111)
