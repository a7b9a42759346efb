"""Runs a job file on HyperQueue's own server and worker, started by its Python bindings, which have no reader of job files:
the file's keys are held against the documented ones, and each task is given to the server as the file says.

hyperqueue_runs.py JOB-FILE FOLDER
"""
import pathlib
import sys
import tomllib

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig
from hyperqueue.ffi.protocol import ResourceRequest

# The reference of job definition files in HyperQueue's documentation.
JOB = {"name", "stream", "max_fails", "task", "array"}
TASK = {
    "id", "command", "deps", "env", "stdin", "stdout", "stderr", "task_dir", "time_limit", "priority", "crash_limit",
    "request",
}
REQUEST = {"resources", "time_request"}


def asked(resources):
    others = {name: amount for name, amount in resources.items() if name != "cpus"}
    return ResourceRequest(cpus=resources["cpus"], resources=others)


file, folder = sys.argv[1:]
with open(file, "rb") as opened:
    described = tomllib.load(opened)
assert set(described) <= JOB, set(described) - JOB
job = Job(name=described["name"], max_fails=described.get("max_fails"))
tasks = {}
for task in described["task"]:
    assert set(task) <= TASK, set(task) - TASK
    assert all(set(request) <= REQUEST for request in task["request"]), task["request"]
    tasks[task["id"]] = job.program(
        task["command"],
        stdout=task["stdout"],
        stderr=task["stderr"],
        deps=[tasks[id] for id in task.get("deps", [])],
        crash_limit=task["crash_limit"],
        resources=[asked(request["resources"]) for request in task["request"]],
    )
pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
with LocalCluster(folder, WorkerConfig(cores=2)) as cluster:
    client = cluster.client()
    client.wait_for_jobs([client.submit(job)])
print(f"{len(tasks)} tasks with documented keys, run by HyperQueue's server")
