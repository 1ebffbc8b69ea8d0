"""Long computations in parts: here, over processes, on a cluster; stopped and reported."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import joblib
import pytest
from threadpoolctl import threadpool_info

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, holzinger
from trustsem.errors import SpecificationError, WorkerError
from trustsem.simulation import run_in_parts

TESTS = Path(__file__).resolve().parent


def double(part):
    return 2 * part


def surroundings(_part):
    """Return the process, its threads of linear algebra, and who does the work of a nested call."""
    inner = run_in_parts(process, range(3), workers=1)
    return os.getpid(), {pool["num_threads"] for pool in threadpool_info()}, set(inner.outcomes)


def process(_part):
    return os.getpid()


def dies(part):
    if part == 3:
        os._exit(9)
    return part


def test_parts_come_back_in_order_and_their_pieces_are_reported():
    reported = []
    finished = run_in_parts(
        len,
        [range(3), range(1), range(2)],
        report=lambda *said: reported.append(said),
        pieces=len,
        failures=lambda outcome: outcome == 1,
    )
    assert finished.outcomes == (3, 1, 2)
    assert not finished.interrupted
    assert reported == [(3, 6, 0), (4, 6, 1), (6, 6, 1)]


def test_an_interrupt_keeps_what_is_finished():
    def task(part):
        if part == 2:
            raise KeyboardInterrupt
        return part

    finished = run_in_parts(task, range(5))
    assert finished.outcomes == (0, 1)
    assert finished.interrupted
    with pytest.raises(KeyboardInterrupt):
        run_in_parts(task, [2, 3])


@pytest.mark.parametrize("workers", [0, -2, 1.5, True, "2"])
def test_a_number_of_workers_is_a_number_of_workers(workers):
    with pytest.raises(SpecificationError, match="workers"):
        run_in_parts(double, [1, 2], workers=workers)


@pytest.mark.parametrize("workers", [2, -1])
def test_processes_share_the_work_in_order(workers):
    assert run_in_parts(double, range(9), workers=workers).outcomes == tuple(range(0, 18, 2))


def test_each_process_has_one_thread_and_no_workers_of_its_own():
    outcomes = run_in_parts(surroundings, range(4), workers=2).outcomes
    for pid, threads, within in outcomes:
        assert pid != os.getpid()
        assert threads == {1}
        assert within == {pid}


def test_an_interrupt_stops_the_processes_and_keeps_what_is_finished():
    def report(done, _total, _failed):
        if done == 4:
            raise KeyboardInterrupt

    finished = run_in_parts(double, range(100), workers=2, report=report)
    assert finished.interrupted
    assert finished.outcomes == (0, 2, 4, 6)
    assert run_in_parts(double, range(3), workers=2).outcomes == (0, 2, 4)


def test_a_lost_process_is_an_error_that_says_so():
    with pytest.raises(WorkerError, match="use fewer workers"):
        run_in_parts(dies, range(6), workers=2)
    assert run_in_parts(double, range(3), workers=2).outcomes == (0, 2, 4)


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C reaches a process in another way on Windows")
def test_ctrl_c_ends_a_computation_of_several_processes_quietly():
    code = """
import sys, time
from trustsem.simulation import run_in_parts
finished = run_in_parts(
    time.sleep, [0.02] * 5000, workers=2,
    report=lambda done, total, failed: done == 20 and print("working", flush=True),
)
print(finished.interrupted, len(finished.outcomes) >= 20)
"""
    running = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout.readline() == "working\n"
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert out == "True True\n"
    assert not err
    assert running.returncode == 0


@pytest.fixture(scope="module")
def cluster():
    """Return a cluster of two worker processes on this machine."""
    distributed = pytest.importorskip("distributed", reason="the extra 'distributed' is not here")
    with (
        distributed.LocalCluster(
            n_workers=2, processes=True, threads_per_worker=1, dashboard_address=None
        ) as machines,
        distributed.Client(machines) as client,
    ):
        client.run(sys.path.insert, 0, str(TESTS))  # workers know this module by its name
        yield client


def test_a_cluster_shares_the_work_with_one_thread_each(cluster):
    with joblib.parallel_config(backend="dask"):
        outcomes = run_in_parts(surroundings, range(6)).outcomes
    assert {pid for pid, _, _ in outcomes} <= set(cluster.run(os.getpid).values())
    assert {threads for _, each, _ in outcomes for threads in each} == {1}
    assert all(within == {pid} for pid, _, within in outcomes)


@pytest.mark.usefixtures("cluster")
def test_a_cluster_can_be_interrupted_and_used_again():
    def report(done, _total, _failed):
        if done == 4:
            raise KeyboardInterrupt

    with joblib.parallel_config(backend="dask"):
        finished = run_in_parts(double, range(100), report=report)
        assert finished.interrupted
        assert finished.outcomes == (0, 2, 4, 6)
        assert run_in_parts(double, range(5)).outcomes == (0, 2, 4, 6, 8)


@pytest.mark.usefixtures("cluster")
def test_one_core_many_cores_and_a_cluster_give_the_same_bits():
    model = ts.cfa(THREE_CONSTRUCTS, holzinger())
    alone = model.bootstrap(500, seed=2)
    processes = model.bootstrap(500, seed=2, workers=2)
    with joblib.parallel_config(backend="dask"):
        machines = model.bootstrap(500, seed=2)
    assert (alone.params == processes.params).all()
    assert (alone.params == machines.params).all()
    assert (alone.chisq == machines.chisq).all()


def test_what_joblib_is_told_is_followed_for_processes_too():
    with joblib.parallel_config(backend="loky", n_jobs=2):
        found = set(run_in_parts(process, range(4)).outcomes)
    assert os.getpid() not in found
    with joblib.parallel_config(backend="sequential"):
        assert set(run_in_parts(process, range(4)).outcomes) == {os.getpid()}
