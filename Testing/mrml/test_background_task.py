"""The queue behind the panel: one thread, results in order, cancelled work never heard of again."""

import threading
import time

import pytest

from CueSegMRML.BackgroundTask import Task, TaskQueue


@pytest.fixture
def queue():
    queue = TaskQueue("test")
    yield queue
    queue.close()


def deliver_until_idle(queue: TaskQueue, limit: float = 5.0) -> None:
    end = time.monotonic() + limit
    while queue.busy:
        queue.deliver()
        assert time.monotonic() < end, "the queue never became idle"
        time.sleep(0.002)


def never(error: Exception) -> None:
    raise AssertionError("not expected") from error


def test_results_arrive_in_order_and_only_where_deliver_is_called(queue):
    seen = []
    for n in range(5):
        queue.submit(
            n,
            lambda task, n=n: (n, threading.get_ident()),
            lambda r: seen.append((*r, threading.get_ident())),
            never,
        )
    time.sleep(0.05)
    assert seen == []
    deliver_until_idle(queue)
    assert [n for n, _, _ in seen] == list(range(5))
    workers = {worker for _, worker, _ in seen}
    assert len(workers) == 1
    assert workers.isdisjoint({threading.get_ident()})
    assert {receiver for _, _, receiver in seen} == {threading.get_ident()}


def test_the_same_thread_serves_late_work_too(queue):
    seen = []
    for _ in range(2):
        queue.submit("k", lambda task: threading.get_ident(), seen.append, never)
        deliver_until_idle(queue)
    assert seen[0] == seen[1]


def test_errors_reach_the_caller(queue):
    seen = []

    def fail(task: Task) -> None:
        raise ValueError("click again")

    queue.submit("k", fail, never, seen.append)
    deliver_until_idle(queue)
    assert [str(error) for error in seen] == ["click again"]


def test_newer_work_supersedes_older_of_the_same_key(queue):
    release, seen = threading.Event(), []
    queue.submit("drag", lambda task: release.wait(5), lambda r: seen.append("old"), never)
    queue.submit("other", lambda task: None, lambda r: seen.append("other"), never)
    queue.submit("drag", lambda task: None, lambda r: seen.append("new"), never)
    release.set()
    deliver_until_idle(queue)
    assert seen == ["other", "new"]


def test_cancelled_work_can_see_it_and_reports_nothing(queue):
    started, stopped, seen = threading.Event(), threading.Event(), []

    def work(task: Task) -> None:
        started.set()
        while not task.cancelled:
            time.sleep(0.001)
        stopped.set()

    queue.submit("k", work, seen.append, never)
    assert started.wait(5)
    queue.cancel()
    assert not queue.busy
    assert stopped.wait(5)
    time.sleep(0.01)
    assert queue.deliver() == 0
    assert seen == []


def test_a_callback_that_spins_the_event_loop_does_not_deliver_again(queue):
    inner = []
    for n in range(2):
        queue.submit(n, lambda task: None, lambda r: inner.append(queue.deliver()), never)
    deliver_until_idle(queue)
    assert inner == [0, 0]


def test_progress_is_delivered_in_order_before_the_result(queue):
    seen, halfway, release = [], threading.Event(), threading.Event()

    def work(task: Task) -> str:
        task.report(1)
        halfway.set()
        release.wait(5)
        task.report(2)
        return "done"

    queue.submit("k", work, seen.append, never, lambda news: seen.append((news, threading.get_ident())))
    assert halfway.wait(5)
    assert queue.deliver() == 0
    here = threading.get_ident()
    assert seen == [(1, here)]
    release.set()
    deliver_until_idle(queue)
    assert seen == [(1, here), (2, here), "done"]


def test_progress_of_cancelled_work_or_without_a_listener_is_dropped(queue):
    seen, reported, release = [], threading.Event(), threading.Event()

    def work(task: Task) -> None:
        task.report(1)
        reported.set()
        release.wait(5)

    queue.submit("k", work, seen.append, never, seen.append)
    assert reported.wait(5)
    queue.cancel("k")
    queue.deliver()
    queue.submit("other", lambda task: task.report(1), seen.append, never)
    release.set()
    deliver_until_idle(queue)
    assert seen == [None]


def test_a_failing_callback_does_not_block_what_follows(queue):
    seen = []

    def fail(result: None) -> None:
        raise RuntimeError("callback")

    queue.submit(1, lambda task: None, fail, never)
    queue.submit(2, lambda task: 2, seen.append, never)
    time.sleep(0.05)
    with pytest.raises(RuntimeError, match="callback"):
        queue.deliver()
    deliver_until_idle(queue)
    assert seen == [2]


def test_closing_drops_everything(queue):
    release, seen = threading.Event(), []
    queue.submit(1, lambda task: release.wait(5), seen.append, never)
    queue.submit(2, lambda task: None, seen.append, never)
    queue.close()
    release.set()
    time.sleep(0.05)
    queue.deliver()
    assert seen == []
    with pytest.raises(RuntimeError):
        queue.submit(3, lambda task: None, seen.append, never)


def test_queues_beside_each_other_share_a_thread_and_nothing_else(queue):
    other, seen = TaskQueue("other", beside=queue), []
    release, threads = threading.Event(), []
    queue.submit("k", lambda task: (threads.append(threading.get_ident()), release.wait(5)), ignore, never)
    other.submit("k", lambda task: threads.append(threading.get_ident()), seen.append, never)
    time.sleep(0.05)
    assert (len(threads), queue.busy, other.busy) == (1, True, True)
    queue.cancel("k")
    assert (queue.busy, other.busy) == (False, True)
    release.set()
    deliver_until_idle(other)
    assert seen == [None]
    assert len(set(threads)) == 1
    other.close()
    queue.submit("k", lambda task: 1, seen.append, never)
    deliver_until_idle(queue)
    assert seen == [None, 1], "the thread is not the other's to end"


def ignore(result: object) -> None:
    """Nobody looks at it."""
