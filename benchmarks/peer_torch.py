"""The automaton in PyTorch, dense, with the settings that were fastest for it here.

Channels-last memory; `--overrides '{"compile": true}'` also compiles the step.
"""

from __future__ import annotations

import itertools
import json

import measure
import torch
from torch import nn

ARGUMENTS = measure.arguments()
HIDDEN, STATE, CLASSES = 80, 19, 10


def networks() -> nn.Sequential:
    """Perceive and update as one stack: 22,499 parameters."""
    last = nn.Conv2d(HIDDEN, STATE, 1)
    nn.init.zeros_(last.weight)
    model = nn.Sequential(
        nn.Conv2d(1 + STATE, HIDDEN, 3, padding=1), nn.ReLU(),
        nn.Conv2d(HIDDEN, HIDDEN, 1), nn.ReLU(), last,
    )  # fmt: skip
    assert sum(p.numel() for p in model.parameters()) == 22_499
    return model


def main() -> None:
    """Measure one training iteration."""
    torch.manual_seed(0)
    torch.set_num_threads(ARGUMENTS.threads)
    options = json.loads(ARGUMENTS.overrides)
    layout = torch.channels_last if options.get("channels_last", True) else torch.contiguous_format
    model = networks().to(memory_format=layout)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def step(grey: torch.Tensor, alive: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        change = model(torch.cat([grey, state], dim=1))
        change = change + 0.02 * torch.randn_like(change)
        fires = (torch.rand_like(grey) <= 0.5) & alive
        return state + change * fires

    if options.get("compile"):
        step = torch.compile(step)

    def train(grey: torch.Tensor, target: torch.Tensor) -> float:
        alive = grey > 0.1
        state = torch.zeros(grey.shape[0], STATE, *grey.shape[2:]).to(memory_format=layout)
        for _ in range(ARGUMENTS.steps):
            state = step(grey, alive, state)
        loss = (target - state[:, -CLASSES:]).square().sum(dim=(1, 2, 3)).mean() / 2
        optimizer.zero_grad()
        loss.backward()
        for parameter in model.parameters():
            parameter.grad /= parameter.grad.norm() + 1e-8
        optimizer.step()
        return float(loss.detach())

    prepared = []
    for images, labels in measure.load_batches(ARGUMENTS.images, ARGUMENTS.batch):
        grey = torch.tensor(images)[:, None].to(memory_format=layout)
        hot = nn.functional.one_hot(torch.tensor(labels).long(), CLASSES).float()
        prepared.append((grey, (hot[:, :, None, None] * (grey > 0.1)).to(memory_format=layout)))
    batches = itertools.cycle(prepared)
    times = measure.median_seconds(lambda: train(*next(batches)))
    measure.report(**times, images_per_second=ARGUMENTS.batch / times["seconds"],
                   version=f"PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
