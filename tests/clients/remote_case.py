"""Cases of a config service that follows a repository on a server."""

import json
import os
import unittest

import fleet
from git_servers import Repository


class RemoteCase(unittest.TestCase):
    """Has the example fleet as `repository` of a server in `folder`."""

    def setUp(self):
        self.folder = self.enterContext(fleet.temporary_folder())
        fleet.make_example_fleet(self.folder / "fleet")
        self.home = self.folder / "home"  # of the service's user: nothing of ours
        self.home.mkdir()
        self.repository = Repository(self.folder / "fleet", self.folder / "server")

    def start_service(self, settings):
        """The target of a service with these settings, and the mirror in a folder of its own."""
        settings = {"state_dir": self.folder / "state", **settings}
        environment = {**os.environ, "HOME": str(self.home)}
        return self.enterContext(fleet.ConfigServer(settings, environment)).target

    def validate(self, target, revision, max_staleness):
        request = {"revision": revision}
        if max_staleness:
            request["max_staleness"] = max_staleness
        return fleet.answer(target, "ValidateRevision", request, "-emit-defaults")

    def commit_at(self, target, revision, max_staleness=None):
        """The commit that a revision names, by an answer that is up to date."""
        answer = self.validate(target, revision, max_staleness)
        self.assertEqual(answer["circuit_count"], 5)
        self.assertFalse(answer["freshness"]["stale"], answer["freshness"])
        return answer["commit"]

    def refused(self, target, revision="main"):
        """The message of a call that fails since the remote refuses."""
        options = ("-format-error",)
        process = fleet.call(target, "ValidateRevision", {"revision": revision}, *options)
        self.assertNotEqual(process.returncode, 0, process.stdout)
        error = json.loads(process.stderr)
        reasons = [detail["reason"] for detail in error["details"] if "reason" in detail]
        self.assertEqual(reasons, ["REMOTE_REFUSED"], error)
        return error["message"]

    def assert_refused(self, target, *words):
        message = self.refused(target)
        for word in words:
            self.assertIn(word, message)
        return message
