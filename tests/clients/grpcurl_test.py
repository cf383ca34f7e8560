"""The config service as a pipeline calls it: with the real grpcurl, no generated code."""

import json
import unittest

import fleet

# What grpcurl adds to a status's code to make its exit code.
GRPC_EXIT = 64
MISSING = "plants/P001/circuits/C999"
ALL = {"parent": "plants/-", "revision": "main"}


class GrpcurlTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.target = cls.enterClassContext(fleet.example_service())

    def names(self, request, *options):
        circuits = fleet.answer(self.target, "ListCircuits", request, *options).get("circuits", [])
        return [circuit["name"] for circuit in circuits]

    def test_reflection_lists_the_service_its_methods_and_health(self):
        services = fleet.grpcurl("-plaintext", self.target, "list").stdout.split()
        self.assertIn(fleet.CONFIG, services)
        self.assertIn("grpc.health.v1.Health", services)
        methods = fleet.grpcurl("-plaintext", self.target, "list", fleet.CONFIG).stdout.split()
        for method in "ListPlants ListCircuits GetCircuit ValidateRevision DetectChanges".split():
            self.assertIn(f"{fleet.CONFIG}.{method}", methods)

    def test_reflection_describes_messages_and_the_details_of_errors(self):
        for symbol, field in {
            f"{fleet.CONFIG}.DetectChanges": "DetectChangesRequest",
            "fleetcast.config.v1.DetectChangesRequest": "base_revision",
            "google.rpc.ErrorInfo": "reason",
            "google.rpc.BadRequest": "field_violations",
            "google.rpc.ResourceInfo": "resource_name",
            "google.rpc.RetryInfo": "retry_delay",
        }.items():
            process = fleet.grpcurl("-plaintext", self.target, "describe", symbol)
            self.assertEqual(process.returncode, 0, process.stderr)
            self.assertIn(field, process.stdout, symbol)

    def test_health_is_serving_for_the_service(self):
        request = json.dumps({"service": fleet.CONFIG})
        process = fleet.grpcurl(
            "-plaintext", "-d", request, self.target, "grpc.health.v1.Health/Check"
        )
        self.assertEqual(json.loads(process.stdout), {"status": "SERVING"}, process.stderr)

    def test_pages_hold_every_circuit_once_and_all_from_one_commit(self):
        whole = self.names(ALL)
        self.assertEqual(len(whole), 5)
        names, commits, pages, token = [], set(), 0, ""
        while pages == 0 or token:
            request = {**ALL, "page_size": 2, "page_token": token}
            page = fleet.answer(self.target, "ListCircuits", request)
            names += [circuit["name"] for circuit in page["circuits"]]
            commits.add(page["commit"])
            token = page.get("next_page_token", "")
            pages += 1
        self.assertEqual(names, whole)
        self.assertEqual((pages, len(commits)), (3, 1))

    def test_filter_keeps_the_circuits_that_match(self):
        request = {**ALL, "filter": 'plant_id = "P001" AND training.forecast.horizon > 24'}
        self.assertEqual(self.names(request), ["plants/P001/circuits/C003"])

    def test_detect_changes_gives_jq_a_matrix_of_the_circuits_to_retrain(self):
        request = {"base_revision": "origin/main", "head_revision": "my-branch"}
        changes = fleet.answer(self.target, "DetectChanges", request)
        matrix = [{"plant_id": "P001", "circuit_id": "C002", "cutoff_date": "2025-12-16"}]
        self.assertEqual(json.loads(changes["matrix_json"]), matrix)
        effects = {
            f'{change["plant_id"]}/{change["circuit_id"]}': change["effect"]
            for change in changes["changes"]
        }
        redeploy = "EFFECT_REDEPLOY"
        self.assertEqual(
            effects,
            {"P001/C002": "EFFECT_RETRAIN", "P002/C001": redeploy, "P002/C002": redeploy},
        )

    def test_pages_of_changes_are_of_the_same_commits_and_say_each_value(self):
        request = {"base_revision": "main", "head_revision": "my-branch", "page_size": 1}
        said, commits, token = [], set(), ""
        while True:
            page = fleet.answer(self.target, "DetectChanges", {**request, "page_token": token})
            commits.add((page["merge_base_commit"], page["head_commit"], page["change_count"]))
            for change in page["changes"]:
                for place in change["field_change_indexes"]:
                    said.append((change["circuit_id"], page["field_changes"][place]["field"]))
            token = page.get("next_page_token")
            if not token:
                break
        timeout = "deployment.timeout_minutes"
        self.assertEqual(
            said, [("C002", "training.cutoff_date"), ("C001", timeout), ("C002", timeout)]
        )
        self.assertEqual(len(commits), 1)

    def test_forty_zeros_as_base_make_everything_new(self):
        request = {"base_revision": "0" * 40, "head_revision": "main"}
        changes = fleet.answer(self.target, "DetectChanges", request)
        self.assertEqual({change["kind"] for change in changes["changes"]}, {"KIND_ADDED"})
        self.assertEqual(len(json.loads(changes["matrix_json"])), 5)

    def test_not_found_exits_with_69_and_its_details_decode(self):
        process = fleet.call(self.target, "GetCircuit", {"name": MISSING}, "-format-error")
        self.assertEqual(process.returncode, GRPC_EXIT + 5)
        status = json.loads(process.stderr)
        self.assertEqual(status["code"], 5)
        self.assertIn(MISSING, status["message"])
        details = {detail["@type"].split("/")[-1]: detail for detail in status["details"]}
        info = details["google.rpc.ErrorInfo"]
        self.assertEqual((info["domain"], info["reason"]), ("fleetcast", "RESOURCE_NOT_FOUND"))
        self.assertEqual(info["metadata"]["resource_name"], MISSING)
        resource = details["google.rpc.ResourceInfo"]
        self.assertEqual(
            (resource["resource_type"], resource["resource_name"]), ("Circuit", MISSING)
        )

    def test_invalid_argument_exits_with_67_and_names_the_field(self):
        request = {**ALL, "page_size": -1}
        process = fleet.call(self.target, "ListCircuits", request, "-format-error")
        self.assertEqual(process.returncode, GRPC_EXIT + 3)
        details = json.loads(process.stderr)["details"]
        violations = [d for d in details if d["@type"].endswith("google.rpc.BadRequest")]
        self.assertEqual(violations[0]["field_violations"][0]["field"], "page_size")

    def test_deadline_ends_a_stream_with_68(self):
        # Watch has no end of its own, so that it is the deadline that ends it.
        process = fleet.grpcurl(
            "-plaintext", "-max-time", "1", "-d", "{}", self.target, "grpc.health.v1.Health/Watch"
        )
        self.assertEqual(process.returncode, GRPC_EXIT + 4, process.stderr)
        self.assertEqual(json.loads(process.stdout), {"status": "SERVING"})

    def test_protoset_serves_a_caller_who_does_not_use_reflection(self):
        options = ("-use-reflection=false", "-protoset", fleet.PROTOSET)
        self.assertEqual(self.names(ALL, *options), self.names(ALL))
        options += ("-format-error",)
        process = fleet.call(self.target, "GetCircuit", {"name": MISSING}, *options)
        self.assertEqual(process.returncode, GRPC_EXIT + 5)
        details = json.loads(process.stderr)["details"]
        self.assertEqual(details[0]["reason"], "RESOURCE_NOT_FOUND", "the protoset has google.rpc")

    def test_protoset_describes_every_service_offline(self):
        services = fleet.grpcurl("-protoset", fleet.PROTOSET, "list").stdout.split()
        declared = set()
        for path in (fleet.SOURCE / "proto").rglob("*.proto"):
            package = ".".join(path.parent.relative_to(fleet.SOURCE / "proto").parts)
            for line in path.read_text().splitlines():
                if line.startswith("service "):
                    declared.add(f"{package}.{line.split()[1]}")
        self.assertGreaterEqual(len(declared), 10)
        self.assertEqual(declared - set(services), set())
        described = fleet.grpcurl("-protoset", fleet.PROTOSET, "describe", fleet.CONFIG).stdout
        self.assertIn("Compares the resolved configurations", described, "comments are kept")
