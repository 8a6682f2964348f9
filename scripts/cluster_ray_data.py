"""Ray Data or actors of our own: what each item costs, and what one that fails costs the others.

    python scripts/cluster_ray_data.py [--items 400] [--seconds 0.05]     # needs pip install 'ray[data]'

Both have two actors that sleep for each item. Items come one by one, as images have to: an image is a batch.
"""

import argparse
import logging
import time
from collections import deque


def restore(seconds, number, bad):
    """In the place of restoring."""
    time.sleep(seconds)
    if number == bad:
        raise ValueError("a bad image")
    return number


class Row:
    """What Ray Data calls."""

    def __init__(self, seconds, bad):
        self.seconds, self.bad = seconds, bad

    def __call__(self, batch):
        batch["id"] = [restore(self.seconds, int(number), self.bad) for number in batch["id"]]
        return batch


class Single:
    """An actor of our own."""

    def __init__(self, seconds, bad):
        self.seconds, self.bad = seconds, bad

    def make(self, number):
        try:
            return restore(self.seconds, number, self.bad), None
        except ValueError as error:
            return number, str(error)


def by_data(ray, items, seconds, bad=-1, *, allowed=0):
    """Numbers as Ray Data gives them."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars, context.max_errored_blocks = False, allowed
    data = ray.data.range(items, override_num_blocks=min(items, 40))
    made = data.map_batches(
        Row, fn_constructor_args=(seconds, bad), batch_size=1, compute=ray.data.ActorPoolStrategy(size=2), num_cpus=1
    )
    return [row["id"] for row in made.iter_rows()]


def by_actors(ray, items, seconds, bad=-1):
    """Numbers as two actors give them, two ahead each."""
    actors = [ray.remote(num_cpus=1)(Single).remote(seconds, bad) for _ in range(2)]
    waiting, calls, found = deque(range(items)), {}, []
    while waiting or calls:
        for actor in actors:
            while waiting and sum(one is actor for one in calls.values()) < 2:
                calls[actor.make.remote(waiting.popleft())] = actor
        known, _ = ray.wait(list(calls), num_returns=1)
        for ref in known:
            del calls[ref]
            number, error = ray.get(ref)
            if error is None:
                found.append(number)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=0.05)
    asked = parser.parse_args()
    import ray
    import ray.data

    # Two more than the actors take: with none left Ray Data waits for ever for one to read with, and says nothing.
    ray.init("local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level=logging.CRITICAL)
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    print("| what | time over sleeping alone | results | in order | with one bad item |")
    print("|---|---|---|---|---|")
    ideal = asked.items * asked.seconds / 2
    for name, make, more in (
        ("Ray Data", by_data, {}),
        ("Ray Data, max_errored_blocks=1", by_data, {"allowed": 1}),
        ("actors", by_actors, {}),
    ):
        began = time.perf_counter()
        found = make(ray, asked.items, asked.seconds, **more)
        over = time.perf_counter() - began - ideal
        try:
            left = f"{len(make(ray, asked.items, 0.001, 3, **more))} results"
        except Exception as error:  # noqa: BLE001 - what Ray makes of it is what is asked
            left = f"ends with {type(error).__name__}"
        print(f"| {name} | {over:.1f} s | {len(found)} | {found == sorted(found)} | {left} |", flush=True)
    ray.shutdown()


if __name__ == "__main__":
    main()
