"""Completion, in the shells themselves: what they offer after what somebody has typed."""

import os
import pathlib
import subprocess
import tempfile
import unittest

FLEETCAST = str(pathlib.Path(os.environ["FLEETCAST_BUILD_DIR"]) / "bin" / "fleetcast")


def script(shell):
    return subprocess.run([FLEETCAST, "completion", shell], check=True, capture_output=True,
                          text=True).stdout


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class CompletionTest(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.file = str(pathlib.Path(folder) / "script")

    def load(self, shell):
        pathlib.Path(self.file).write_text(script(shell), encoding="utf-8")

    def test_bash_offers_verbs_and_options(self):
        self.load("bash")
        offered = run("bash", "-c", f"source {self.file}; COMP_WORDS=(fleetcast training st);"
                      " COMP_CWORD=2; _fleetcast; echo ${COMPREPLY[@]}")
        self.assertEqual(offered.split(), ["start"])

    def test_fish_offers_nouns_verbs_and_options_with_what_they_are_about(self):
        self.load("fish")

        def offered(line):
            return run("fish", "-c", f"source {self.file}; complete -C '{line}'").splitlines()

        self.assertIn("training\ttraining runs: one job per circuit", offered("fleetcast tr"))
        self.assertEqual([line.split("\t")[0] for line in offered("fleetcast training st")],
                         ["start"])
        self.assertEqual(
            [line.split("\t")[0] for line in offered("fleetcast training start --ci")],
            ["--circuits"])

    def test_zsh_offers_verbs(self):
        self.load("zsh")
        # A completion needs a terminal; what it would describe is asked of the function itself.
        offered = run("zsh", "-fc", "compdef() { }; compadd() { print -rl -- $@ }; "
                      "_describe() { print -rl -- ${(P)2} }; "
                      f"source {self.file}; words=(fleetcast training ''); CURRENT=3; _fleetcast")
        self.assertIn("start:train the circuits that a branch changes, or circuits by name",
                      offered.splitlines())


if __name__ == "__main__":
    unittest.main()
