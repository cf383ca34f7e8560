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

    def bash(self, *words):
        """What bash offers for the last word, with words as bash splits them."""
        line = " ".join(f"'{word}'" for word in words)
        offered = run("bash", "-c", f"source {self.file}; COMP_WORDS=({line});"
                      f" COMP_CWORD={len(words) - 1}; _fleetcast; echo ${{COMPREPLY[@]}}")
        return offered.split()

    def fish(self, line):
        offered = run("fish", "-c", f"source {self.file}; complete -C '{line}'")
        return [word.split("\t")[0] for word in offered.splitlines()]

    def zsh(self, *words):
        """A completion needs a terminal; what it would offer is asked of the function itself."""
        line = " ".join(f"'{word}'" for word in words)
        offered = run("zsh", "-fc", "compdef() { }; compadd() { print -rl -- $@ }; compset() { };"
                      "_files() { print files $@ }; _describe() { print -rl -- ${(P)2} }; "
                      f"source {self.file}; words=({line}); CURRENT={len(words)}; _fleetcast")
        return [word.split(":")[0] for word in offered.splitlines()]

    def test_bash_offers_verbs_and_options(self):
        self.load("bash")
        self.assertEqual(self.bash("fleetcast", "training", "st"), ["start"])
        self.assertEqual(self.bash("fleetcast", "training", "start", "--ci"), ["--circuits"])
        self.assertEqual(self.bash("fleetcast", "backtest", "--csv", "a.csv", "--fea"), ["--features"])

    def test_bash_sees_through_global_options(self):
        self.load("bash")
        for options in (["-o", "json"], ["--no-color"], ["--output", "=", "json", "--timeout", "5s"]):
            self.assertEqual(self.bash("fleetcast", *options, "sweep", "b"), ["backfill"], options)
            words = ("fleetcast", "sweep", *options, "start", "--pl")
            self.assertEqual(self.bash(*words), ["--plants"], options)

    def test_bash_offers_the_values_of_an_option(self):
        self.load("bash")
        formats = ["table", "json", "yaml"]
        for before in ([], ["sweep", "list"]):
            self.assertEqual(self.bash("fleetcast", *before, "-o", ""), formats)
            self.assertEqual(self.bash("fleetcast", *before, "--output", "="), formats)
            self.assertEqual(self.bash("fleetcast", *before, "--output", "=", "j"), ["json"])
        policies = self.bash("fleetcast", "schedule", "create", "x", "--overlap", "")
        self.assertEqual(sorted(policies), ["queue", "replace", "skip"])
        # Nobody knows a plant's name, but an option is none.
        self.assertEqual(self.bash("fleetcast", "sweep", "start", "--plants", ""), [])

    def test_fish_offers_nouns_verbs_and_options_with_what_they_are_about(self):
        self.load("fish")
        offered = run("fish", "-c", f"source {self.file}; complete -C 'fleetcast tr'")
        self.assertIn("training\ttraining runs: one job per circuit, or per plant for its base", offered.splitlines())
        self.assertEqual(self.fish("fleetcast training st"), ["start"])
        self.assertEqual(self.fish("fleetcast training start --ci"), ["--circuits"])
        self.assertEqual(self.fish("fleetcast backtest --csv a.csv --fea"), ["--features"])

    def test_fish_sees_through_global_options(self):
        self.load("fish")
        for options in ("-o json", "--no-color", "--output=json --timeout 5s"):
            self.assertEqual(self.fish(f"fleetcast {options} sweep b"), ["backfill"], options)
            self.assertEqual(self.fish(f"fleetcast sweep {options} start --pl"), ["--plants"])

    def test_fish_offers_the_values_of_an_option(self):
        self.load("fish")
        for before in ("", "sweep list "):
            self.assertEqual(sorted(self.fish(f"fleetcast {before}-o ")), ["json", "table", "yaml"])
        policies = self.fish("fleetcast schedule create x --overlap ")
        self.assertEqual(sorted(policies), ["queue", "replace", "skip"])
        self.assertEqual(self.fish("fleetcast sweep start --plants "), [])

    def test_zsh_offers_verbs(self):
        self.load("zsh")
        self.assertIn("start", self.zsh("fleetcast", "training", ""))
        self.assertIn("--circuits", self.zsh("fleetcast", "training", "start", ""))
        self.assertIn("--features", self.zsh("fleetcast", "backtest", "--csv", "a.csv", ""))

    def test_zsh_sees_through_global_options_and_offers_their_values(self):
        self.load("zsh")
        for options in (["-o", "json"], ["--no-color"], ["--output=json", "--timeout", "5s"]):
            self.assertIn("backfill", self.zsh("fleetcast", *options, "sweep", ""), options)
            self.assertIn("--plants", self.zsh("fleetcast", "sweep", *options, "start", ""))
        for words in (["-o", ""], ["sweep", "list", "--output=j"]):
            self.assertEqual(self.zsh("fleetcast", *words), ["table", "json", "yaml"])
        policies = self.zsh("fleetcast", "schedule", "create", "x", "--overlap", "")
        self.assertEqual(sorted(policies), ["queue", "replace", "skip"])
        self.assertEqual(self.zsh("fleetcast", "sweep", "start", "--plants", ""), [])
        self.assertEqual(self.zsh("fleetcast", "--data-dir", ""), ["files -/"])


if __name__ == "__main__":
    unittest.main()
