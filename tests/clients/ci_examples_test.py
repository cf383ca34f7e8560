"""examples/ci, run step by step against a real stack: what a pull request and its merge go through
on GitHub Actions and on Azure Pipelines."""

import json
import os
import shutil
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
RELEASES = "fleetcast.inference.v1.ReleaseService"
ENDPOINTS = "fleetcast.inference.v1.BatchEndpointService"
MODELS = "fleetcast.registry.v1.ModelService"
C001, C002 = "config/plants/P001/C001.yml", "config/plants/P001/C002.yml"
C003 = "config/plants/P001/C003.yml"
P2C001, P2C002 = "config/plants/P002/C001.yml", "config/plants/P002/C002.yml"
WATCHING = "watching "
NEXT_WEEK = ("2025-12-09", "2025-12-16")
TWO_DAYS_AHEAD = ("training:\n", "training:\n  forecast: {horizon: 48}\n")
LATER = ("minutes: 60", "minutes: 90")
NEW_CUTOFF = "training.cutoff_date: 2025-12-09 → 2025-12-16"


class PipelineCase(unittest.TestCase):
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

    def github(self, run, attempt=1, number=0, branch="", pushed="", **environment):
        """GitHub's runner, for a pull request or for a commit pushed to main."""
        facts = {f"vars.{name}": target for name, target in self.targets.items()} | {
            "github.base_ref": "main",
            "github.event.pull_request.head.sha": branch,
            "github.event.pull_request.number": str(number),
            "github.event.pull_request.user.login": "mia",
            "github.sha": pushed,
            "github.token": TOKEN,
        }
        system = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": "mia",
            "GITHUB_API_URL": self.forge.url.rstrip("/"),
            "GITHUB_REPOSITORY": "plant/circuits",
            "GITHUB_RUN_ID": str(run),
            "GITHUB_RUN_ATTEMPT": str(attempt),
            "GITHUB_OUTPUT": str(self.folder / f"github-output-{run}"),
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
            "BUILD_REQUESTEDFOR": "Mia Example",
            "SYSTEM_JOBATTEMPT": str(attempt),
            "SYSTEM_COLLECTIONURI": self.forge.url,
            "SYSTEM_TEAMPROJECTID": "project",
        }
        release = {"FLEETCAST_INFERENCE_TARGET"}
        groups = {
            "fleetcast": {n: target for n, target in self.targets.items() if n not in release},
            "fleetcast-release": {n: self.targets[n] for n in release},
        }
        return Azure(self.stack.circuits, facts, system | environment, groups)

    def runs_of(self, number):
        """The training runs of a pull request, newest first."""
        request = {"filter": f"pull_request.number = {number}"}
        answer = self.stack.call("trainer", f"{TRAINING}/ListTrainingRuns", request)
        return answer.get("training_runs", [])

    def succeeded(self, outcome):
        self.assertTrue(outcome.ok, outcome)
        self.assertNotIn("skipped", outcome.results.values(), outcome)
        return outcome

    def kill(self, service):
        """Ends a service's process as a crash would; the stack starts it again."""
        status = json.loads(self.stack.fleetcast("local", "status", "-o", "json"))
        [pid] = [s["process"]["pid"] for s in status["services"] if s["name"] == service]
        os.kill(pid, signal.SIGKILL)

    def await_watches(self, log, count):
        """Waits until the step has begun that many watches after its first."""
        deadline = time.monotonic() + 600
        while log.read_text().count(WATCHING) < count:
            self.assertLess(time.monotonic(), deadline, log.read_text())
            time.sleep(0.05)


class CallTest(unittest.TestCase):
    """lib.sh's call, with a grpcurl that fails in turn as the test has it."""

    def call(self, *failures):
        folder = self.enterContext(fleet.temporary_folder())
        grpcurl = folder / "grpcurl"
        grpcurl.write_text(
            '#!/bin/sh\necho x >>calls\nread -r status file 2>/dev/null <failures ||'
            " { echo '{}'; exit 0; }\nsed -i 1d failures\ncat \"$file\" >&2\nexit \"$status\"\n"
        )
        grpcurl.chmod(0o755)
        turns = []
        for number, (status, details) in enumerate(failures):
            error = {"code": status - 64, "message": "no", "details": details}
            (folder / str(number)).write_text(json.dumps(error))
            turns.append(f"{status} {number}\n")
        (folder / "failures").write_text("".join(turns))
        environment = {
            **os.environ,
            "PATH": f"{folder}:{os.environ['PATH']}",
            "FLEETCAST_CONFIG_TARGET": "localhost:7001",
        }
        script = f"source {fleet.SOURCE}/examples/ci/lib.sh; echo '{{}}' | call config a.B/C"
        process = subprocess.run(
            ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, check=False
        )
        return process.returncode, (folder / "calls").read_text().count("x")

    def test_what_says_when_to_try_again_is_tried_again_and_what_does_not_is_not(self):
        retry = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3s"}]
        unknown = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "X"}]
        self.assertEqual(self.call(), (0, 1))
        self.assertEqual(self.call((69, unknown + retry)), (0, 2))
        self.assertEqual(self.call((69, unknown)), (69, 1))
        self.assertEqual(self.call((78, unknown), (73, unknown)), (73, 2))


class PullRequestTest(PipelineCase):
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
        self.kill("trainer-1")
        self.await_watches(github.log, github.log.read_text().count(WATCHING) + 2)
        [run] = self.runs_of(18)
        request = {"request_id": "7d3f1c52-0a4e-4b6c-9a53-2f6f0c1d8e90", "name": run["name"]}
        self.stack.call("trainer", f"{TRAINING}/CancelTrainingRun", request)
        waiting.join()
        [outcome] = outcomes
        self.assertEqual(outcome.results["Wait"], 1, outcome)
        self.assertRegex(outcome.outputs["Wait"], r"::error title=P001/C002 STATE_CANCELLED::")
        self.assertIn("cancelled", self.forge.comments[18][0])

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
        outcome = self.github(701, number=21, branch="1" * 40).run("train")
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


class ReleaseTest(PipelineCase):
    """What a merge does. Before each of these, main is in force."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stack.fleetcast("release", "create", "main", "--watch")

    def release_in_force(self):
        return self.stack.call("inference", f"{RELEASES}/GetRelease", {"name": "releases/-"})

    def in_service(self):
        """What each circuit in service runs: {"P001/C001": deployment}."""
        request = {"parent": "batchEndpoints/-"}
        answer = self.stack.call("inference", f"{ENDPOINTS}/ListDeployments", request)
        return {f'{d["plant_id"]}/{d["circuit_id"]}': d for d in answer["deployments"]}

    def champions(self):
        """The champion of each circuit: {"P001/C001": "models/sensor-model/versions/1"}."""
        request = {"parent": "models/sensor-model"}
        answer = self.stack.call("registry", f"{MODELS}/ListChampions", request)
        return {f'{c["plant_id"]}/{c["circuit_id"]}': c["model_version"] for c in answer["champions"]}

    def released(self, system):
        """The output of a release job that must succeed."""
        return self.succeeded(system.run("release")).outputs["Release"]

    def merged(self, name, edits):
        """Main's commit after a pull request with these replacements."""
        self.stack.branch(name, edits)
        return self.stack.merge(name)

    def test_github_trains_a_candidate_that_its_merge_promotes(self):
        before, champions = self.in_service(), self.champions()
        head = self.stack.branch("newer-data", {P2C001: NEXT_WEEK})
        first = self.succeeded(self.github(100, number=12, branch=head).run("train"))
        self.assertIn("P002/C001: MODIFIED RETRAIN", first.outputs["What changes"])
        [run] = self.runs_of(12)
        self.assertEqual((run["state"], run["commit"]), ("STATE_SUCCEEDED", head))
        self.assertEqual(run["spec"]["pull_request"], {"number": 12, "author": "mia"})
        old = champions["P002/C001"].split("/")[-1]
        verdict = (
            rf"v\d+ (?:better|as good): MAE [\d.]+, [\d.]+ % (?:below|above) v{old}'s [\d.]+"
            r"(?: \(chance explains [\d.]+\))?, "
            r"[\d.]+ % below the best naive forecast's [\d.]+, on \d+ windows from 2025-"
        )
        self.assertRegex(first.outputs["Wait"], f"P002/C001: {verdict}")
        [comment] = self.forge.comments[12]
        self.assertIn("1 to train, 0 to redeploy, 0 to retire", comment)
        row = rf"\| P002/C001 \| RETRAIN \| {NEW_CUTOFF} \({P2C001}:5\) \| {verdict}"
        self.assertRegex(comment, row)

        # Run again, it finds what it has done.
        self.succeeded(self.github(100, attempt=2, number=12, branch=head).run("train"))
        self.assertEqual([again["name"] for again in self.runs_of(12)], [run["name"]])
        self.assertEqual(len(self.forge.comments[12]), 1)
        self.assertEqual(self.forge.calls.count("POST"), 1)
        # Nothing that serves has changed.
        self.assertEqual((self.in_service(), self.champions()), (before, champions))

        pushed = self.stack.merge("newer-data")
        for attempt in (1, 2):
            output = self.released(self.github(101, attempt, pushed=pushed))
            self.assertRegex(output, r"(?m)^P002/C001: promoted, v\d+ serves: (better|as good): ")
            self.assertRegex(output, r"(?m)^releases/\w+ APPLIED: all \d+ steps are done$")
        release = self.release_in_force()
        self.assertEqual((release["commit"], release["actor"]), (pushed, "mia"))
        self.assertEqual(release["reason"], "pipeline plant/circuits/101")
        request = {"name": "plants/P002/circuits/C001/status"}
        serving = self.stack.call("inference", f"{RELEASES}/GetCircuitStatus", request)["serving"]
        self.assertEqual(serving["cutoff_date"], "2025-12-16")
        self.assertNotEqual(serving["model_version"], champions["P002/C001"])
        self.assertEqual(serving["model_version"], self.champions()["P002/C001"])

    def test_azure_adds_a_circuit_changes_its_deployment_and_retires_it(self):
        sensor = self.stack.sensors / "SENSOR_P002_C001.csv"
        shutil.copy(sensor, self.stack.sensors / "SENSOR_P002_C005.csv")
        self.stack.git("switch", "-q", "-c", "added")
        self.stack.add_circuit("P002", "C005", like="C001")
        self.stack.commit("A second line")
        head = self.stack.git("rev-parse", "HEAD")
        for attempt in (1, 2):
            outcome = self.azure(200, attempt, number=13, branch=head).run("train")
            self.succeeded(outcome)
            self.assertRegex(outcome.outputs["Wait"], r"P002/C005: v\d+ better: MAE")
        self.assertEqual(len(self.runs_of(13)), 1)
        [comment] = self.forge.comments[13]
        self.assertRegex(comment, r"\| P002/C005 \| RETRAIN \| new in the master list \| v\d+ better")
        output = self.released(self.azure(201, pushed=self.stack.merge("added")))
        self.assertRegex(output, r"(?m)^P002/C005: promoted, v\d+ serves: better: ")
        version = self.in_service()["P002/C005"]["model"]
        self.assertEqual(self.release_in_force()["actor"], "Mia Example")

        # A deployment value alone: nothing to train, and the same version is deployed anew.
        added = "config/plants/P002/C005.yml"
        head = self.stack.branch("resized", {added: ("size: 100", "size: 200")})
        outcome = self.azure(202, number=14, branch=head).run("train")
        self.assertTrue(outcome.ok, outcome)
        self.assertEqual((outcome.results["Train"], outcome.results["Wait"]), ("skipped",) * 2)
        self.assertEqual(self.runs_of(14), [])
        self.assertIn("0 to train, 1 to redeploy", self.forge.comments[14][0])
        output = self.released(self.azure(203, pushed=self.stack.merge("resized")))
        self.assertRegex(output, r"(?m)^P002/C005: redeployed, v\d+ serves")
        deployed = self.in_service()["P002/C005"]
        self.assertEqual((deployed["mini_batch_size"], deployed["model"]), (200, version))

        # Retired, it stays so, whatever is released after it.
        self.stack.git("switch", "-q", "-c", "closed")
        self.stack.remove_circuit("P002", "C005")
        self.stack.commit("Close the second line")
        output = self.released(self.azure(204, pushed=self.stack.merge("closed")))
        self.assertIn("\nP002/C005: retired: ", output)
        pushed = self.merged("after-closing", {P2C001: ("size: 100", "size: 110")})
        self.assertNotIn("P002/C005", self.released(self.azure(205, pushed=pushed)))
        self.assertNotIn("P002/C005", self.in_service() | self.champions())

    def test_candidate_that_the_gate_refused_leaves_the_old_one_serving(self):
        before, champions = self.in_service(), self.champions()
        self.stack.branch("hasty", {C001: ("sequence_length: 24", "sequence_length: 1")})
        self.stack.replace({C001: ("epochs: 12", "epochs: 1"), P2C002: TWO_DAYS_AHEAD})
        head = self.stack.git("rev-parse", "HEAD")
        self.succeeded(self.github(110, number=23, branch=head).run("train"))
        [comment] = self.forge.comments[23]
        self.assertRegex(comment, r"P001/C001 .*\| v\d+ not better: MAE [\d.]+, [\d.]+ % above v\d+'s")
        self.assertRegex(comment, r"P002/C002 .*\| v\d+ not comparable: .* forecasts 24 steps, not 48")
        output = self.released(self.github(111, pushed=self.stack.merge("hasty")))
        self.assertRegex(output, r"(?m)^P001/C001: refused, v\d+ serves: v\d+ not better: ")
        self.assertRegex(output, r"(?m)^::warning title=P001/C001 GATE_REFUSED::refused, v\d+ serves")
        self.assertRegex(output, r"(?m)^P002/C002: promoted, v\d+ serves: not comparable: ")
        after = self.in_service()
        self.assertEqual(after["P001/C001"], before["P001/C001"])
        self.assertNotEqual(after["P002/C002"]["model"], before["P002/C002"]["model"])
        self.assertEqual(self.champions()["P001/C001"], champions["P001/C001"])

    def test_release_may_be_lost_repeated_and_late(self):
        lost = self.merged("lost", {C003: ("minutes: 60", "minutes: 71")})
        pushed = self.merged("found", {C002: ("size: 100", "size: 150")})
        output = self.released(self.github(121, pushed=pushed))
        for circuit in ("P001/C003", "P001/C002"):
            self.assertRegex(output, rf"(?m)^{circuit}: redeployed, v\d+ serves")
        state = (self.release_in_force(), self.in_service(), self.champions())
        self.assertEqual(state[1]["P001/C003"]["timeout"], "4260s")
        self.assertEqual(state[1]["P001/C002"]["mini_batch_size"], 150)
        for system in (self.github(121, 2, pushed=pushed), self.azure(122, pushed=pushed)):
            self.assertIn(f'\n{state[0]["name"]} APPLIED: ', self.released(system))
        late = self.released(self.github(120, pushed=lost))
        self.assertRegex(late, r'^::notice title=STALE_RELEASE::"\w{40}" .* is older than ')
        self.assertIn("STALE_RELEASE: ", self.released(self.azure(123, pushed=lost)))
        now = (self.release_in_force(), self.in_service(), self.champions())
        self.assertEqual(now, state)

    def test_commit_that_diverged_is_refused(self):
        before = self.release_in_force()
        stray = self.stack.branch("stray", {C002: LATER})
        self.stack.git("switch", "-q", "main")
        pushed = self.merged("straight", {P2C001: LATER})
        self.released(self.github(130, pushed=pushed))
        in_force = self.release_in_force()
        self.assertEqual(in_force["previous_release"], before["name"])
        outcome = self.github(131, pushed=stray).run("release")
        self.assertEqual(outcome.results["Release"], 64 + 9, outcome)
        self.assertRegex(outcome.outputs["Release"], r"(?m)^::error title=DIVERGED_RELEASE::.*descend")
        self.assertEqual(self.release_in_force(), in_force)

    def test_circuit_whose_training_fails_stops_no_other_and_is_tried_again(self):
        sensor = self.stack.sensors / "SENSOR_P001_C006.csv"
        self.stack.git("switch", "-q", "-c", "no-data-yet")
        self.stack.add_circuit("P001", "C006", like="C002")
        self.stack.replace({C002: ("compute_instance_type: ", "instance_count: 2\n  compute_instance_type: ")})
        pushed = self.stack.merge("no-data-yet")
        outcome = self.github(140, pushed=pushed).run("release")
        self.assertEqual(outcome.results["Release"], 1, outcome)
        output = outcome.outputs["Release"]
        self.assertRegex(output, r"(?m)^::error title=P001/C006 [A-Z_]+::failed: DATA ")
        self.assertRegex(output, r"(?m)^P001/C006: failed: DATA ")
        self.assertRegex(output, r"(?m)^P001/C002: redeployed, ")
        self.assertRegex(output, r"(?m)^::error title=DEGRADED::releases/\w+ DEGRADED: 1 of \d+ circuits")
        self.assertEqual(self.in_service()["P001/C002"]["instance_count"], 2)
        self.assertNotIn("P001/C006", self.in_service())

        shutil.copy(self.stack.sensors / "SENSOR_P001_C002.csv", sensor)
        output = self.released(self.github(140, attempt=2, pushed=pushed))
        self.assertRegex(output, r"(?m)^P001/C006: promoted, v\d+ serves: better")
        self.assertIn("P001/C006", self.in_service())

    def test_pinned_circuit_is_named_and_left_alone(self):
        before = self.in_service()["P002/C002"]
        by = ("--actor", "anna", "--reason")
        self.stack.fleetcast("circuit", "pin", "P002/C002", *by, "inspection")
        self.addCleanup(self.stack.fleetcast, "circuit", "unpin", "P002/C002", *by, "inspected")
        pushed = self.merged("held", {P2C002: ("batch_size: 32", "batch_size: 16")})
        output = self.released(self.github(150, pushed=pushed))
        self.assertRegex(output, r"(?m)^P002/C002: pinned by anna, v\d+ serves: inspection$")
        self.assertEqual(self.in_service()["P002/C002"], before)

    def test_watch_of_a_release_is_taken_up_again_until_a_later_one_supersedes_it(self):
        # No trainer has this environment: the release waits for its training.
        pushed = self.merged("waits", {C002: ('"1.5.0"', '"9.9.9"')})
        limits = {"FLEETCAST_WATCH_SECONDS": "1", "FLEETCAST_RELEASE_MINUTES": "0"}
        outcome = self.github(160, pushed=pushed, **limits).run("release")
        self.assertEqual(outcome.results["Release"], 1, outcome)
        self.assertRegex(outcome.outputs["Release"], r"(?m)^P001/C002: queued: waits for training")
        self.assertRegex(outcome.outputs["Release"], r"::error title=RELEASE_UNFINISHED::.*APPLYING")

        github = self.github(160, attempt=2, pushed=pushed, FLEETCAST_WATCH_SECONDS="1")
        outcomes = []
        waiting = threading.Thread(target=lambda: outcomes.append(github.run("release")))
        waiting.start()
        self.await_watches(github.log, 1)  # a watch lasts a second
        self.kill("inference")
        self.await_watches(github.log, github.log.read_text().count(WATCHING) + 2)
        later = self.merged("goes-on", {C002: ('"9.9.9"', '"1.5.0"')})
        self.stack.fleetcast("release", "create", later, "--watch")
        waiting.join()
        [outcome] = outcomes
        output = self.succeeded(outcome).outputs["Release"]
        self.assertRegex(output, r"(?m)^::notice title=SUPERSEDED::releases/\w+ SUPERSEDED: a later")
        self.assertRegex(output, r"(?m)^P001/C002: cancelled")

    def test_service_out_of_reach_is_said_in_a_line(self):
        self.targets["FLEETCAST_INFERENCE_TARGET"] = "127.0.0.1:1"
        closed = {"FLEETCAST_RETRY_SECONDS": "0"}
        outcome = self.github(170, pushed=self.stack.git("rev-parse", "main"), **closed).run("release")
        self.assertEqual(outcome.results["Release"], 1, outcome)
        self.assertRegex(
            outcome.outputs["Release"], r"::error title=CALL_FAILED::.*inference service: Failed to dial"
        )


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

    def script(self, name, *arguments, **environment):
        """A script without a service: its exit code, and what it printed."""
        folder = self.enterContext(fleet.temporary_folder())
        command = [fleet.SOURCE / f"examples/ci/{name}.sh", *arguments]
        environment = {"PATH": os.environ["PATH"], "FLEETCAST_WORK": str(folder), **environment}
        process = subprocess.run(command, env=environment, capture_output=True, text=True)
        return process.returncode, process.stdout + process.stderr

    def test_scripts_say_what_they_are_to_be_given_before_they_do_anything(self):
        target = {
            f"FLEETCAST_{service}_TARGET": "127.0.0.1:1"
            for service in ("CONFIG", "TRAINER", "INFERENCE")
        }
        for name, arguments, said in (
            ("changes", ["main"], "changes.sh BASE HEAD; changes.sh was given 1 of 2"),
            ("train", [], "train.sh PULL_REQUEST AUTHOR; train.sh was given 0 of 2"),
            ("train", ["abc", "mia"], 'train.sh PULL_REQUEST AUTHOR; "abc" is no pull request\'s number'),
            ("train", ["12", ""], "train.sh PULL_REQUEST AUTHOR; AUTHOR is empty"),
            ("wait", ["run"], "wait.sh; wait.sh was given 1 of 0"),
            ("comment", [""], "comment.sh PULL_REQUEST; PULL_REQUEST is empty"),
            ("release", [], "release.sh REVISION; release.sh was given 0 of 1"),
        ):
            self.assertEqual(
                self.script(name, *arguments, **target), (2, f"error: USAGE: usage: {said}\n")
            )

    def test_scripts_name_the_variable_that_is_not_set_and_the_step_that_is_missing(self):
        for name, arguments, service in (
            ("changes", ["main", "branch"], "config"),
            ("train", ["12", "mia"], "trainer"),
            ("wait", [], "trainer"),
            ("release", ["main"], "inference"),
        ):
            variable = f"FLEETCAST_{service.upper()}_TARGET"
            said = f"{variable} is not set; set it to the host:port of the {service} service"
            self.assertEqual(
                self.script(name, *arguments), (2, f"error: TARGET_MISSING: {said}\n")
            )
        code, said = self.script("wait", FLEETCAST_TRAINER_TARGET="127.0.0.1:1")
        self.assertEqual(code, 2, said)
        self.assertRegex(said, r"^error: STEP_MISSING: there is no \S+/run\.json; run train\.sh first")
        github = {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "mia", "GITHUB_REPOSITORY": "a/b"}
        github |= {"GITHUB_RUN_ID": "1", "GITHUB_RUN_ATTEMPT": "1"}
        code, said = self.script("comment", "12", **github)
        self.assertEqual(code, 2, said)
        self.assertRegex(said, r"^::error title=TOKEN_MISSING::set GITHUB_TOKEN or SYSTEM_ACCESSTOKEN")

    def verdict(self, outcome):
        command = ["jq", "-L", fleet.SOURCE / "examples/ci", "-r", 'include "fleetcast"; verdict']
        text = json.dumps(outcome)
        return subprocess.run(command, input=text, capture_output=True, text=True).stdout.rstrip()

    def test_verdict_says_why_a_champion_was_not_compared_with(self):
        outcome = {"mae": 1.366, "naive_mae": 1.826, "test_windows": 120}
        outcome |= {"test_start_time": "2025-11-01T00:00:00Z", "test_end_time": "2025-12-08T23:00:00Z"}
        numbers = (
            "MAE 1.366, 25.2 % below the best naive forecast's 1.826, on 120 windows from 2025-11-01"
            " to 2025-12-08"
        )
        champion = "models/sensor-model/versions/7"
        lost = f"{champion} could not be compared: its artifact is gone"
        outcome |= {"champion": champion}
        for verdict, why, text in (
            ("NOT_BETTER", f"not better: {lost}; its skill was 0.3", f"{lost}; its skill was 0.3"),
            ("NOT_COMPARABLE", f"not comparable: MAE 1.366 is below 1.826; {lost}", lost),
        ):
            self.assertEqual(
                self.verdict(outcome | {"verdict": f"VERDICT_{verdict}", "why": why}),
                f'{verdict.lower().replace("_", " ")}: {numbers}; {text.replace(champion, "v7")}',
            )
        # The numbers of a comparison say it all.
        compared = outcome | {"verdict": "VERDICT_NOT_BETTER", "champion_mae": 1.2}
        self.assertNotIn(";", self.verdict(compared | {"why": "not better: against it, MAE 1.366"}))

    def test_scripts_of_both_files_exist_and_can_be_run(self):
        for system in (GitHub.file, Azure.file):
            text = (fleet.SOURCE / "examples/ci" / system).read_text()
            for name in ("changes", "train", "wait", "comment", "release"):
                self.assertIn(f"ci/{name}.sh", text, system)
                self.assertTrue((fleet.SOURCE / f"examples/ci/{name}.sh").stat().st_mode & 0o111)
