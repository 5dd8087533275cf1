"""Threads: started for large work, ended afterwards, with the BLAS limit restored."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import attnviz
from attnviz.api.blas_threads import count_threads, limit_blas, use_threads
from attnviz.core.engine.parallel import map_tasks


def blas_threads():
    np.ones((2, 2)) @ np.ones((2, 2))
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def ours():
    return [t for t in threading.enumerate() if t.name.startswith("attnviz")]


@pytest.fixture(autouse=True)
def two_blas_threads():
    with threadpool_limits(2, "blas"):
        yield


@pytest.mark.parametrize("n_thread", [1, 2, 7])
def test_results_are_in_order(n_thread):
    with use_threads(n_thread):
        assert list(map_tasks(lambda n: n * n, range(50))) == [n * n for n in range(50)]


def test_nothing_starts_for_one_task_and_all_ends_with_the_work():
    with use_threads(2):
        assert list(map_tasks(abs, [-1])) == [1]
        assert not ours() and blas_threads() == {2}
        assert list(map_tasks(abs, [-1, -2])) == [1, 2]
        assert ours() and blas_threads() == {1}
    assert not ours() and blas_threads() == {2}


def test_without_threads_all_work_is_in_the_main_thread():
    threads = list(map_tasks(lambda _: threading.current_thread(), range(3)))
    assert threads == [threading.main_thread()] * 3


def test_a_failure_ends_the_work_and_restores_blas():
    def fail(n):
        raise ValueError(n)

    with pytest.raises(ValueError, match="0"), use_threads(2):
        list(map_tasks(fail, range(100)))
    assert not ours() and blas_threads() == {2}


def test_blas_is_limited_until_the_last_user_ends():
    first, second = limit_blas(), limit_blas()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert blas_threads() == {1}
    second.__exit__(None, None, None)
    assert blas_threads() == {2}


def test_the_number_of_threads_can_be_set(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert count_threads() == 3
    for nonsense in ("0", "many", ""):
        monkeypatch.setenv("OMP_NUM_THREADS", nonsense)
        assert count_threads() >= 1


def test_the_public_attend_shares_its_work(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setattr("attnviz.core.engine.blocks.SINGLE_BLOCK_MAX", 0)
    monkeypatch.setattr("attnviz.core.engine.blocks.PARALLEL_MIN", 0)
    seen = []

    def watched(*_):
        seen.append(ours())
        return watched.before(*_)

    from attnviz.core.engine import collectors as collect

    watched.before = collect.apply_weights
    monkeypatch.setattr(collect, "apply_weights", watched)
    attnviz.attend(np.eye(300), np.eye(300), np.eye(300))
    assert len(seen) > 1 and all(seen)
