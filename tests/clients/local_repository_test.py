"""A config service that reads a repository as git itself makes them: SHA-256, partial, sparse and
shallow clones."""

import json
import shutil
import subprocess
import unittest

import fleet
from git_servers import GIT_ENVIRONMENT, make_sha256_repository, run


class LocalRepository(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(fleet.temporary_folder())
        fleet.make_example_fleet(self.folder / "fleet")
        self.source = f"file://{self.folder / 'fleet'}"

    def clone(self, *options):
        """A clone of the example fleet that a person has made so."""
        clone = self.folder / "clone"
        run("git", "clone", "-q", *options, self.source, clone, env=GIT_ENVIRONMENT)
        return clone

    def refused(self, repository):
        """What a service that is to read it says before it ends."""
        command = [fleet.BIN / "fleetcast-config", "--listen", "127.0.0.1:0"]
        process = subprocess.run(
            [*command, "--repository", repository],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        self.assertNotEqual(process.returncode, 0, process.stdout)
        self.assertNotIn("git fsck", process.stderr)
        return process.stderr

    def serve(self, repository):
        return self.enterContext(fleet.ConfigServer({"repository": repository})).target

    def test_sha_256_is_refused_and_the_remedy_helps(self):
        other = self.folder / "sha256"
        make_sha256_repository(self.folder / "fleet", other)
        said = self.refused(other)
        self.assertIn("SHA-256", said)
        # What the message tells to do.
        again = self.folder / "sha1"
        run("git", "init", "-q", "--object-format=sha1", again, env=GIT_ENVIRONMENT)
        with subprocess.Popen(
            ["git", "-C", other, "fast-export", "--all"],
            stdout=subprocess.PIPE,
            env=GIT_ENVIRONMENT,
        ) as export:
            run("git", "-C", again, "fast-import", "--quiet", stdin=export.stdout, env=GIT_ENVIRONMENT)
        branch = run("git", "-C", other, "symbolic-ref", "--short", "HEAD", env=GIT_ENVIRONMENT)
        answer = fleet.answer(self.serve(again), "ValidateRevision", {"revision": branch})
        self.assertEqual(answer["circuit_count"], 5)

    def test_a_partial_clone_says_what_it_lacks_and_a_full_one_is_read(self):
        run("git", "-C", self.folder / "fleet", "config", "uploadpack.allowFilter", "true")
        for options in (("--filter=blob:none",), ("--filter=tree:0",), ("--filter=blob:none", "--sparse")):
            clone = self.clone("--no-checkout", *options)
            process = fleet.call(self.serve(clone), "ValidateRevision", {}, "-format-error")
            self.assertEqual(process.returncode, 73, process.stderr)
            error = json.loads(process.stderr)
            self.assertEqual(error["details"][0]["reason"], "REPOSITORY_UNSUPPORTED")
            self.assertIn("clone it without --filter", error["message"])
            shutil.rmtree(clone)
        answer = fleet.answer(self.serve(self.clone()), "ValidateRevision", {})
        self.assertEqual(answer["circuit_count"], 5)

    def test_a_sparse_clone_is_read_as_any_other(self):
        clone = self.clone("--sparse")
        self.assertFalse((clone / "config/plants").exists())
        answer = fleet.answer(self.serve(clone), "ValidateRevision", {})
        self.assertEqual(answer["circuit_count"], 5)

    def test_a_shallow_clone_is_read_and_says_what_it_lacks(self):
        clone = self.clone("--depth=1", "--branch=my-branch")
        target = self.serve(clone)
        answer = fleet.answer(target, "ValidateRevision", {"revision": "my-branch"})
        self.assertEqual(answer["circuit_count"], 5)
        process = fleet.call(target, "ValidateRevision", {"revision": "my-branch~1"})
        self.assertEqual(process.returncode, 69, process.stderr)
        self.assertIn("git fetch --unshallow", process.stderr)


if __name__ == "__main__":
    unittest.main()
