"""Threads: started when there is large work, gone afterwards, and BLAS is left as it was."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import attnviz
from attnviz.api.blas_threads import one_blas_thread, processors, threads
from attnviz.core.engine.parallel import each


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
def test_results_come_in_order(n_thread):
    with threads(n_thread):
        assert list(each(lambda n: n * n, range(50))) == [n * n for n in range(50)]


def test_nothing_starts_for_one_task_and_all_ends_with_the_work():
    with threads(2):
        assert list(each(abs, [-1])) == [1]
        assert not ours() and blas_threads() == {2}
        assert list(each(abs, [-1, -2])) == [1, 2]
        assert ours() and blas_threads() == {1}
    assert not ours() and blas_threads() == {2}


def test_without_threads_all_is_done_here():
    assert (
        list(each(lambda _: threading.current_thread(), range(3))) == [threading.main_thread()] * 3
    )


def test_a_failure_ends_the_work_and_leaves_blas_as_it_was():
    def fail(n):
        raise ValueError(n)

    with pytest.raises(ValueError, match="0"), threads(2):
        list(each(fail, range(100)))
    assert not ours() and blas_threads() == {2}


def test_blas_keeps_still_until_the_last_user_has_gone():
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert blas_threads() == {1}
    second.__exit__(None, None, None)
    assert blas_threads() == {2}


def test_the_number_of_threads_can_be_said(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert processors() == 3
    for nonsense in ("0", "many", ""):
        monkeypatch.setenv("OMP_NUM_THREADS", nonsense)
        assert processors() >= 1


def test_the_public_attend_shares_its_work(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setattr("attnviz.core.engine.blocks.STRAIGHT", 0)
    monkeypatch.setattr("attnviz.core.engine.blocks.MUCH", 0)
    seen = []

    def watched(*_):
        seen.append(ours())
        return watched.before(*_)

    from attnviz.core.engine import collectors as collect

    watched.before = collect.combine
    monkeypatch.setattr(collect, "combine", watched)
    attnviz.attend(np.eye(300), np.eye(300), np.eye(300))
    assert len(seen) > 1 and all(seen)
