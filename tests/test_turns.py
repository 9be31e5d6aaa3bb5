"""Threads that take turns: one at a time, evenly, also between people, and nobody waits for ever."""

from __future__ import annotations

import threading
import time
from collections import Counter

from aecore.turns import Turn, Turns
from tests.server import wait_for


class Crowd:
    """Threads that work in turns of a millisecond until they are told to stop, and count what they did.

    What is shared is time: on a busy machine some pieces of work take several times as long as others.
    """

    def __init__(self, owners: str) -> None:
        self.turns = Turns(0.001)
        self.done: Counter[int] = Counter()
        self.seconds: dict[int, float] = {}
        self.inside = 0
        self.most_inside = 0
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._work, args=(index, owner)) for index, owner in enumerate(owners)]
        for thread in self.threads:
            thread.start()

    def _work(self, index: int, owner: str) -> None:
        with self.turns.taking_part(owner) as turn:
            while not self.stop.is_set():
                started = time.monotonic()
                self.inside += 1
                self.most_inside = max(self.most_inside, self.inside)
                time.sleep(0.0005)
                self.inside -= 1
                self.done[index] += 1
                self.seconds[index] = self.seconds.get(index, 0.0) + time.monotonic() - started
                turn.check()

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in self.threads)


def test_one_at_a_time_and_all_get_as_much() -> None:
    crowd = Crowd("aaaa")
    wait_for(lambda: crowd.done.total() > 400, "work")
    crowd.end()
    assert crowd.most_inside == 1
    assert len(crowd.done) == 4
    assert max(crowd.seconds.values()) < 1.5 * min(crowd.seconds.values())


def test_people_get_as_much_whatever_the_number_of_their_runs() -> None:
    crowd = Crowd("aaaab")
    wait_for(lambda: crowd.done.total() > 600, "work")
    crowd.end()
    assert 0.35 < crowd.seconds[4] / sum(crowd.seconds.values()) < 0.65


def test_who_comes_late_does_not_get_the_time_that_others_had() -> None:
    turns = Turns(0.001)
    early = threading.Event()
    order: list[str] = []

    def work(name: str, owner: str, count: int) -> None:
        with turns.taking_part(owner) as turn:
            for _ in range(count):
                time.sleep(0.002)
                order.append(name)
                early.set()
                turn.check()

    first = threading.Thread(target=work, args=("early", "a", 60))
    first.start()
    early.wait(10)
    wait_for(lambda: len(order) > 20, "a start")
    second = threading.Thread(target=work, args=("late", "b", 20))
    second.start()
    first.join(10)
    second.join(10)
    both = order[order.index("late") : len(order) - order[::-1].index("late")]
    assert both.count("early") > 10  # not twenty of the late one in a row


def test_at_rest_others_go_on() -> None:
    turns = Turns()
    resting, worked = threading.Event(), threading.Event()

    def rest() -> None:
        with turns.taking_part("a") as turn:
            resting.set()
            while not worked.is_set():
                turn.rest(0.001)

    def work() -> None:
        with turns.taking_part("a"):
            worked.set()

    sleeper = threading.Thread(target=rest)
    sleeper.start()
    assert resting.wait(10)
    threading.Thread(target=work).start()
    assert worked.wait(10)
    sleeper.join(10)
    assert not sleeper.is_alive()


def test_an_error_gives_the_turn_away() -> None:
    turns = Turns()

    def fail(turn: Turn) -> None:
        raise RuntimeError(turn.owner)

    def caught() -> None:
        try:
            with turns.taking_part("a") as turn:
                fail(turn)
        except RuntimeError:
            return

    failing = threading.Thread(target=caught)
    failing.start()
    failing.join(10)
    with turns.taking_part("b") as turn:
        assert turn.used == 0
