"""Jobs of the page Apply: one for all who ask the same, a bound on results, a turn of their own for trainings."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Thread

import numpy as np
import pytest
import streamlit as st

from ui.cache import applying
from ui.cache.applying import Job, start_application, stop_application
from vae_core.apply.asked import Anomaly, Probe
from vae_core.apply.impute import Imputation


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """Applications that find nothing, once the event that is yielded is set."""
    st.cache_resource.clear()
    ready = Event()

    def do(asked: object, run: object, others: object, progress: object) -> None:
        assert ready.wait(30)

    monkeypatch.setattr("vae_core.apply.doing.do", do)
    yield ready
    ready.set()
    for job in list(applying._kept().jobs.values()):
        job.done.wait(30)
    st.cache_resource.clear()


def test_whoever_asks_the_same_gets_the_same_job_and_many_may_come_and_go_at_once(fresh: Event) -> None:
    fresh.set()
    wrong: list[Exception] = []

    def visit(visitor: int) -> None:
        try:
            for number in range(30):
                job = start_application(Probe("digits-2d", seed=number % 17))
                if (number + visitor) % 3 == 0:
                    stop_application(job)
        except Exception as error:  # whatever a visitor would see in a box
            wrong.append(error)

    visitors = [Thread(target=visit, args=(visitor,)) for visitor in range(6)]
    for thread in visitors:
        thread.start()
    for thread in visitors:
        thread.join(60)
    assert not wrong
    assert start_application(Probe("digits-2d", seed=99)) is start_application(Probe("digits-2d", seed=99, json=True))


def _ended(size: int = 0) -> Job:
    draws = {"gibbs": np.zeros(size, np.uint8)}
    found = Imputation(None, None, np.zeros(0), np.zeros(0), {}, draws, np.zeros(0), {})  # type: ignore[arg-type]
    job = Job(ended=True, found=found)
    job.done.set()
    return job


@pytest.mark.parametrize(("size", "left"), [(0, applying.KEPT), (applying.MOST_BYTES // 3, 4)])
def test_few_results_are_kept_and_fewer_of_large_ones(size: int, left: int) -> None:
    kept = applying._kept()
    for seed in range(20):
        kept.join((Probe("digits-2d", seed=seed), ()), _ended(size))
    assert [key[0].seed for key in kept.jobs] == list(range(20 - left, 20))  # type: ignore[union-attr]


def test_a_short_job_does_not_wait_for_a_training(fresh: Event) -> None:
    with applying._turn(trains=True):
        training = start_application(Anomaly("digits-2d", normal="3", anew=True))
        short = start_application(Anomaly("digits-2d", normal="3"))
        fresh.set()
        assert short.done.wait(30) and not training.ended
    assert training.done.wait(30)
