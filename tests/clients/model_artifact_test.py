"""A model's folder as others read it: ONNX Runtime and MLflow, both from PyPI."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import mlflow
import numpy as np
import onnx
import onnxruntime

BUILD = Path(os.environ["FLEETCAST_BUILD_DIR"])
SAMPLES = [
    "everything",
    "trained",
    "long_sequence",
    "no_day",
    "linear",
    "far_from_zero",
    "calendar",
    "with_base",
    "base_alone",
]


class Sample:
    """A model's folder, and what the library itself forecasts with it."""

    def __init__(self, folder):
        self.model = folder / "model"
        self.description = json.loads((self.model / "model.json").read_text())
        cases = json.loads((folder / "cases.json").read_text())
        columns = self.description["input"]["columns"]
        self.inputs = {
            "history": np.array(
                [[[row[c] for c in columns] for row in case["history"]] for case in cases],
                dtype=np.float64,
            ),
            "unix_seconds": np.array([case["unix_seconds"] for case in cases], dtype=np.int64),
        }
        levels = self.description["spec"]["interval_levels"]
        names = ["forecast", "lower", "upper"] if levels else ["forecast"]
        self.expected = {name: np.array([case[name] for case in cases]) for name in names}
        self.scale = self.description["scaling"]["levels"][0]["scale"]


class ModelArtifactTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        mlflow.set_tracking_uri((folder / "mlruns").as_uri())  # not here
        subprocess.run([BUILD / "tests" / "model_samples", folder], check=True)
        cls.samples = {name: Sample(folder / name) for name in SAMPLES}

    def assert_forecasts(self, sample, outputs):
        self.assertEqual(set(outputs), set(sample.expected))
        for name, expected in sample.expected.items():
            self.assertEqual(outputs[name].shape, expected.shape)
            off = np.abs(outputs[name] - expected).max() / sample.scale
            self.assertLess(off, 1e-4, name)

    def test_onnx_runtime_forecasts_what_the_library_does(self):
        for name, sample in self.samples.items():
            with self.subTest(name):
                session = onnxruntime.InferenceSession(
                    str(sample.model / "model.onnx"), providers=["CPUExecutionProvider"]
                )
                names = [output.name for output in session.get_outputs()]
                self.assert_forecasts(sample, dict(zip(names, session.run(None, sample.inputs))))

    def test_samples_are_hard_enough_to_tell(self):
        # A graph that ignored the gaps, the week or the network would be off by more than allowed.
        for name, sample in self.samples.items():
            with self.subTest(name):
                last = sample.inputs["history"][:, -1:, 0]
                off = np.abs(sample.expected["forecast"] - last).max() / sample.scale
                self.assertGreater(off, 1e-2)
        self.assertTrue(np.isnan(self.samples["everything"].inputs["history"]).any())

    def test_one_window_alone_gives_what_it_gives_in_a_batch(self):
        sample = self.samples["everything"]
        session = onnxruntime.InferenceSession(str(sample.model / "model.onnx"))
        first = {name: values[:1] for name, values in sample.inputs.items()}
        (forecast,) = session.run(["forecast"], first)
        off = np.abs(forecast - sample.expected["forecast"][:1]).max() / sample.scale
        self.assertLess(off, 1e-4)

    def test_the_onnx_file_passes_the_checker_with_every_shape_inferred(self):
        for name, sample in self.samples.items():
            with self.subTest(name):
                onnx.checker.check_model(str(sample.model / "model.onnx"), full_check=True)

    def test_mlflow_knows_and_runs_it(self):
        for name, sample in self.samples.items():
            with self.subTest(name):
                known = mlflow.models.Model.load(str(sample.model))
                self.assertLessEqual({"onnx", "python_function"}, set(known.flavors))
                history, time = known.get_input_schema().inputs
                self.assertEqual(history.shape, (-1, *sample.inputs["history"].shape[1:]))
                self.assertEqual((time.name, time.shape), ("unix_seconds", (-1,)))
                outputs = mlflow.pyfunc.load_model(str(sample.model)).predict(sample.inputs)
                self.assert_forecasts(sample, outputs)

    def test_model_json_says_what_was_trained_on_and_how_well_it_did(self):
        training = self.samples["trained"].description["training"]
        self.assertEqual(training["data"]["rows"], 6000)
        self.assertGreater(training["best_epoch"], 0)  # the network has learnt something
        self.assertEqual(training["split"]["train"]["begin"], 0)
        self.assertEqual(training["split"]["test"]["end"], 6000)
        for part in ("validation", "test"):
            self.assertGreater(training["metrics"][part]["mae"], 0)
            self.assertEqual(len(training["metrics"][part]["by_step"]), 12)
        self.assertRegex(training["library_version"], r"^\d+\.\d+\.\d+$")


if __name__ == "__main__":
    unittest.main()
