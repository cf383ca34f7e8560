"""The config service through the client that protoc generates for Python."""

import subprocess
import sys
import unittest

import fleet

sys.path.insert(0, str(fleet.CLIENTS / "python"))
subprocess.run([fleet.SOURCE / "tests/clients/generate.sh", "python"], check=True)

import grpc  # noqa: E402
from fleetcast.config.v1 import config_service_pb2 as messages  # noqa: E402
from fleetcast.config.v1 import config_service_pb2_grpc as services  # noqa: E402
from google.rpc import error_details_pb2, status_pb2  # noqa: E402
from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: E402

SECONDS = 120
MISSING = "plants/P001/circuits/C999"


def status_of(error):
    """The google.rpc.Status that travels with an error."""
    trailers = dict(error.trailing_metadata())
    return status_pb2.Status.FromString(trailers["grpc-status-details-bin"])


def detail(status, message_type):
    """The detail of that type, or None."""
    for any_detail in status.details:
        message = message_type()
        if any_detail.Unpack(message):
            return message
    return None


class PythonClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        target = cls.enterClassContext(fleet.example_service())
        cls.channel = cls.enterClassContext(grpc.insecure_channel(target))
        cls.config = services.ConfigServiceStub(cls.channel)

    def circuits(self, **arguments):
        """Every circuit, over all pages."""
        request = messages.ListCircuitsRequest(parent="plants/-", **arguments)
        pages = 0
        while pages == 0 or request.page_token:
            page = self.config.ListCircuits(request, timeout=SECONDS)
            yield from page.circuits
            request.page_token = page.next_page_token
            pages += 1
        self.pages = pages

    def test_pages_hold_every_circuit_once(self):
        whole = [circuit.name for circuit in self.circuits()]
        self.assertEqual((self.pages, len(whole)), (1, 5))
        self.assertEqual([circuit.name for circuit in self.circuits(page_size=2)], whole)
        self.assertEqual(self.pages, 3)

    def test_filter_keeps_the_circuits_that_match(self):
        found = list(self.circuits(filter='deployment.compute_instance_type = "Standard_DS4_v2"'))
        self.assertEqual([circuit.plant_id for circuit in found], ["P002", "P002"])
        self.assertEqual(found[0].deployment.timeout_minutes, 30)

    def test_changes_are_typed(self):
        head = "retired-branch"
        request = messages.DetectChangesRequest(base_revision="main", head_revision=head)
        [change] = self.config.DetectChanges(request, timeout=SECONDS).changes
        self.assertEqual((change.plant_id, change.circuit_id), ("P001", "C003"))
        self.assertEqual(change.kind, messages.CircuitChange.KIND_REMOVED)
        self.assertEqual(change.effect, messages.CircuitChange.EFFECT_RETIRE)

    def test_changed_values_stand_in_the_answer_once(self):
        request = messages.DetectChangesRequest(base_revision="main", head_revision="my-branch")
        page = self.config.DetectChanges(request, timeout=SECONDS)
        fields = [
            [page.field_changes[place].field for place in change.field_change_indexes]
            for change in page.changes
        ]
        timeout = ["deployment.timeout_minutes"]
        self.assertEqual(fields, [["training.cutoff_date"], timeout, timeout])
        self.assertEqual(len(page.field_changes), 2)

    def test_not_found_carries_error_info_and_resource_info(self):
        with self.assertRaises(grpc.RpcError) as raised:
            self.config.GetCircuit(messages.GetCircuitRequest(name=MISSING), timeout=SECONDS)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.NOT_FOUND)
        status = status_of(raised.exception)
        info = detail(status, error_details_pb2.ErrorInfo)
        self.assertEqual((info.domain, info.reason), ("fleetcast", "RESOURCE_NOT_FOUND"))
        self.assertEqual(info.metadata["resource_name"], MISSING)
        resource = detail(status, error_details_pb2.ResourceInfo)
        self.assertEqual((resource.resource_type, resource.resource_name), ("Circuit", MISSING))

    def test_page_token_of_another_list_is_refused_by_name(self):
        first = self.config.ListCircuits(
            messages.ListCircuitsRequest(parent="plants/-", page_size=1), timeout=SECONDS
        )
        other = messages.ListCircuitsRequest(
            parent="plants/P001", page_size=1, page_token=first.next_page_token
        )
        with self.assertRaises(grpc.RpcError) as raised:
            self.config.ListCircuits(other, timeout=SECONDS)
        status = status_of(raised.exception)
        reason = detail(status, error_details_pb2.ErrorInfo).reason
        self.assertEqual(reason, "INVALID_PAGE_TOKEN")
        violations = detail(status, error_details_pb2.BadRequest).field_violations
        self.assertEqual(violations[0].field, "page_token")

    def test_deadline_ends_a_stream(self):
        # Watch has no end of its own, so that it is the deadline that ends it.
        health = health_pb2_grpc.HealthStub(self.channel)
        stream = health.Watch(health_pb2.HealthCheckRequest(), timeout=1)
        self.assertEqual(next(stream).status, health_pb2.HealthCheckResponse.SERVING)
        with self.assertRaises(grpc.RpcError) as raised:
            next(stream)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
