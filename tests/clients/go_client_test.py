"""The config service through the client that protoc generates for Go: go/config_client_test.go."""

import os
import subprocess
import unittest

import fleet


class GoClientTest(unittest.TestCase):
    def test_generated_client_passes_its_go_tests(self):
        subprocess.run([fleet.SOURCE / "tests/clients/generate.sh", "go"], check=True)
        with fleet.example_service() as target:
            environment = {
                **os.environ,
                "GOTOOLCHAIN": "local",
                "FLEETCAST_CONFIG_TARGET": target,
            }
            command = ["go", "test", "-count=1", "-v", "."]
            process = subprocess.run(
                command, cwd=fleet.CLIENTS / "go", env=environment, capture_output=True, text=True
            )
        print(process.stdout, process.stderr)
        self.assertEqual(process.returncode, 0, "go test failed, see above")
        self.assertGreaterEqual(process.stdout.count("--- PASS: "), 5)
