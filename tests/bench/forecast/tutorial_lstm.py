#!/usr/bin/env python3
"""What the LSTM of a tutorial gets: one nn.LSTM and a linear layer on its last state, trained on
scaled windows by mean squared error and Adam, for so many epochs, whatever the validation part says.

    python3 -m venv /tmp/tutorial && /tmp/tutorial/bin/pip install torch==2.5.1
    /tmp/tutorial/bin/python tests/bench/forecast/tutorial_lstm.py ETTh1.csv --targets OT,HUFL

beside what `fleetcast backtest --csv ETTh1.csv --target OT --train 8640 --validation 2880
--test 2880` says of the same rows. A line a target: scaled MSE and MAE over every window of the test
part, those of repeating the last value and the last day, and the seconds that training took.
"""

import argparse
import csv
import time

import torch


def read(path, columns):
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return torch.tensor([[float(row[column]) for column in columns] for row in rows])


def windows(rows, begin, end, length, horizon):
    """Inputs and targets of every window whose targets lie in [begin, end)."""
    starts = range(max(begin - length, 0), end - length - horizon + 1)
    inputs = torch.stack([rows[at:at + length] for at in starts])
    targets = torch.stack([rows[at + length:at + length + horizon, 0] for at in starts])
    return inputs, targets


class Tutorial(torch.nn.Module):
    def __init__(self, columns, units, dropout, horizon):
        super().__init__()
        self.lstm = torch.nn.LSTM(columns, units, batch_first=True)
        self.dropout = torch.nn.Dropout(dropout)
        self.head = torch.nn.Linear(units, horizon)

    def forward(self, inputs):
        states, _ = self.lstm(inputs)
        return self.head(self.dropout(states[:, -1]))


def train(inputs, targets, options):
    torch.manual_seed(options.seed)
    model = Tutorial(inputs.shape[2], options.units, options.dropout, options.horizon)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.learning_rate)
    for _ in range(options.epochs):
        for batch in torch.randperm(len(inputs)).split(options.batch_size):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(inputs[batch]), targets[batch]).backward()
            optimizer.step()
    return model.eval()


def errors(forecasts, targets):
    difference = forecasts - targets
    return difference.square().mean().item(), difference.abs().mean().item()


def measure(rows, options):
    length, horizon = options.sequence_length, options.horizon
    until_train = options.train
    begin_test = options.train + options.validation
    end_test = begin_test + options.test
    scale, offset = rows[:until_train].std(0), rows[:until_train].mean(0)
    scaled = (rows - offset) / scale
    begin = time.monotonic()
    model = train(*windows(scaled, 0, until_train, length, horizon), options)
    took = time.monotonic() - begin
    inputs, targets = windows(scaled, begin_test, end_test, length, horizon)
    with torch.no_grad():
        forecasts = torch.cat([model(batch) for batch in inputs.split(1024)])
    last = inputs[:, -1:, 0].expand(-1, horizon)
    day = inputs[:, -24:, 0].repeat(1, -(-horizon // 24))[:, :horizon]
    return errors(forecasts, targets), errors(last, targets), errors(day, targets), took


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv")
    parser.add_argument("--targets", default="HUFL,HULL,MUFL,MULL,LUFL,LULL,OT")
    parser.add_argument("--features", default="HUFL,HULL,MUFL,MULL,LUFL,LULL,OT")
    for name, value in {"train": 8640, "validation": 2880, "test": 2880, "horizon": 24,
                        "sequence-length": 24, "units": 128, "batch-size": 32, "epochs": 50,
                        "seed": 0}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--learning-rate", type=float, default=0.001)
    parser.add_argument("--dropout", type=float, default=0.2)
    options = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    print("target  scaled MSE  scaled MAE  last value  last day  training s")
    for target in options.targets.split(","):
        others = [name for name in options.features.split(",") if name != target]
        model, last, day, took = measure(read(options.csv, [target, *others]), options)
        print(f"{target:6}  {model[0]:10.3f}  {model[1]:10.3f}  {last[0]:10.3f}  {day[0]:8.3f}  {took:10.1f}",
              flush=True)


if __name__ == "__main__":
    main()
