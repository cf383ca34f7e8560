#!/usr/bin/env python3
"""How long a training step of the LSTM member takes in PyTorch 2, beside ours on the same cores.

    python3 -m venv /tmp/pytorch && /tmp/pytorch/bin/pip install torch
    ./dev build forecast_bench
    /tmp/pytorch/bin/python tests/bench/forecast/pytorch_step.py build/bench/forecast_bench

The step and its shape are those of docs/performance.md: batch 32, four segments of a day with the
time of the week, 24 steps ahead, dropout 0.2, absolute error, clipping to norm 1, Adam, one thread.
PyTorch runs it as written and with everything that it offers for speed on a CPU that does not change
the result: a fused Adam, and torch.compile where a compiler is found; the fastest counts. PyTorch and
ours take turns, so that whatever else the machine does falls on both; times are the process's CPU
time, and each figure is a median. A line for each number of units: ms of PyTorch's, ms of ours, ratio.
"""

import argparse
import json
import statistics
import subprocess
import time

import torch

BATCH, STEPS, CHANNELS, HORIZON, DROPOUT = 32, 4, 26, 24, 0.2
SAMPLE_SECONDS, SAMPLES = 0.02, 15


class Member(torch.nn.Module):
    def __init__(self, units):
        super().__init__()
        self.lstm = torch.nn.LSTM(CHANNELS, units)
        self.dropout = torch.nn.Dropout(DROPOUT)
        self.head = torch.nn.Linear(units, HORIZON)

    def forward(self, sequence):
        _, (state, _) = self.lstm(sequence)
        return self.head(self.dropout(state[0]))


def step_of(units, fused, compiled):
    torch.manual_seed(1)
    model = Member(units)
    forward = torch.compile(model) if compiled else model
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=fused)
    sequence = torch.rand(STEPS, BATCH, CHANNELS) * 2 - 1
    targets = torch.full((BATCH, HORIZON), 0.5)

    def step():
        optimizer.zero_grad()
        torch.nn.functional.l1_loss(forward(sequence), targets).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


def sample(step):
    """Milliseconds of CPU time of one step, from as many as fill a sample."""
    step()
    runs, begin = 0, time.process_time()
    while time.process_time() - begin < SAMPLE_SECONDS:
        step()
        runs += 1
    return 1000 * (time.process_time() - begin) / runs


def pytorch_steps(units):
    ways = {"as written": (False, False), "fused Adam": (True, False), "compiled": (True, True)}
    steps = {}
    for name, (fused, compiled) in ways.items():
        step = step_of(units, fused, compiled)
        try:
            for _ in range(20):
                step()
        except Exception as error:  # no compiler, or a kind that this build lacks
            print(f"  {name}: not measured ({type(error).__name__})")
            continue
        steps[name] = step
    return steps


def ours(bench):
    lines = subprocess.run([bench, "-o", "json"], check=True, capture_output=True, text=True).stdout
    measured = [json.loads(line) for line in lines.splitlines()]
    steps = {each["name"]: each["median_ms"] for each in measured}
    return steps, measured[0]["machine"]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", help="the program forecast_bench")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    steps = {units: pytorch_steps(units) for units in (128, 32)}
    theirs = {units: {name: [] for name in ways} for units, ways in steps.items()}
    mine = {units: [] for units in steps}
    for _ in range(options.rounds):
        for units, ways in steps.items():
            for _ in range(SAMPLES):
                for name, step in ways.items():
                    theirs[units][name].append(sample(step))
        measured, machine = ours(options.bench)
        for units in steps:
            mine[units].append(measured[f"training_step_units_{units}_batch_32"])
    print(f"PyTorch {torch.__version__}, one thread, {machine['cpu']}, {machine['kernels']} kernels")
    for units, ways in theirs.items():
        medians = {name: statistics.median(values) for name, values in ways.items()}
        best = min(medians, key=medians.get)
        own = statistics.median(mine[units])
        every = ", ".join(f"{name} {value:.3f}" for name, value in medians.items())
        print(f"{units:3} units: PyTorch {medians[best]:.3f} ms ({best}; {every}), "
              f"ours {own:.3f} ms: {medians[best] / own:.2f} times as fast")


if __name__ == "__main__":
    main()
