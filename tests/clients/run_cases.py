"""run_cases.py RESULTS.xml MODULE: runs the unittest cases of one module in this folder.

Writes what `./dev test` counts in the form that GoogleTest writes it, and exits with 1 if a case
failed.
"""

import sys
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path


class Results(unittest.TextTestResult):
    """Remembers the name of every case and how it ended."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.names = {}

    def startTest(self, test):
        super().startTest(test)
        self.names[test.id()] = "completed"

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.names[test.id()] = "skipped"


def write_results(path, results):
    failures = len(results.failures) + len(results.errors) + len(results.unexpectedSuccesses)
    counts = {"tests": str(results.testsRun), "failures": str(failures)}
    suites = ET.Element("testsuites", counts)
    suite = ET.SubElement(suites, "testsuite")
    for name, result in results.names.items():
        ET.SubElement(suite, "testcase", {"name": name.split(".", 1)[-1], "result": result})
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(suites).write(path)


def main():
    path, module = sys.argv[1:]
    cases = unittest.defaultTestLoader.loadTestsFromName(module)
    results = unittest.TextTestRunner(verbosity=2, resultclass=Results).run(cases)
    write_results(path, results)
    sys.exit(0 if results.wasSuccessful() and results.testsRun > 0 else 1)


if __name__ == "__main__":
    main()
