"""Threads: started for large work, ended afterwards, with the BLAS limit restored."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import attnviz
from attnviz.api.blas_threads import limit_blas, use_threads
from attnviz.api.thread_pool import shared_pool
from attnviz.core.engine.parallel import map_tasks
from attnviz.core.engine.thread_count import count_threads, read_quota


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


def test_nothing_starts_for_small_work_and_threads_are_kept_for_the_next(monkeypatch):
    monkeypatch.setattr("attnviz.api.thread_pool._pools", {})
    before = ours()
    with use_threads(3):
        assert list(map_tasks(abs, [-1, -2], is_large=False)) == [1, 2]
        assert ours() == before and blas_threads() == {2}
        for _ in range(3):
            assert list(map_tasks(abs, [-1, -2, -3])) == [1, 2, 3]
            assert len(ours()) == len(before) + 2 and blas_threads() == {1}
    assert blas_threads() == {2}
    with use_threads(3):
        assert list(map_tasks(abs, [-1, -2])) == [1, 2]
    assert len(ours()) == len(before) + 2


def test_one_large_task_keeps_blas_from_starting_threads():
    with use_threads(2):
        assert list(map_tasks(lambda _: blas_threads(), [0])) == [{1}]


def test_a_delayed_thread_holds_up_only_the_task_that_it_has():
    others_are_done, begun, done, delayed = threading.Event(), threading.Event(), [], []

    def work(n):
        if threading.current_thread() is not threading.main_thread():
            delayed.append(n)
            begun.set()
            assert others_are_done.wait(20), "tasks were divided among the threads beforehand"
        elif not done:
            assert begun.wait(20)  # until the other thread has a task
        done.append(n)
        if len(done) == 19:
            others_are_done.set()

    with use_threads(2):
        list(map_tasks(work, range(20)))
    assert sorted(done) == list(range(20)) and delayed == done[-1:]


def test_threads_are_no_more_than_a_container_may_use(tmp_path, monkeypatch):
    quota = tmp_path / "cpu.max"
    for text, n in (("200000 100000", 2), ("50000 100000", 1), ("250000 100000", 3)):
        quota.write_text(text + "\n")
        read_quota.cache_clear()
        assert read_quota(quota) == n
    for text in ("max 100000", "", "1 0"):
        quota.write_text(text)
        read_quota.cache_clear()
        assert read_quota(quota) > 1000
    read_quota.cache_clear()
    assert read_quota(tmp_path / "missing") > 1000
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("attnviz.core.engine.thread_count.read_quota", lambda: 1)
    assert count_threads() == 1


def test_a_forked_process_has_threads_of_its_own(monkeypatch):
    first = shared_pool(1)
    assert shared_pool(1) is first and len(first.threads) == 1
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert shared_pool(1) is not first


def test_without_threads_all_work_is_in_the_main_thread():
    threads = list(map_tasks(lambda _: threading.current_thread(), range(3)))
    assert threads == [threading.main_thread()] * 3


def test_a_failure_ends_the_work_and_restores_blas():
    def fail(n):
        raise ValueError(n)

    with pytest.raises(ValueError, match="0"), use_threads(2):
        list(map_tasks(fail, range(100)))
    assert blas_threads() == {2}


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
    seen = []

    def watched(*_):
        seen.append(threading.current_thread())
        return watched.before(*_)

    from attnviz.core.engine import collectors as collect

    watched.before = collect.apply_weights
    monkeypatch.setattr(collect, "apply_weights", watched)
    attnviz.attend(np.eye(300), np.eye(300), np.eye(300))
    assert len(seen) > 1 and set(seen) <= {threading.main_thread(), *ours()}
