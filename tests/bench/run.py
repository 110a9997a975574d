#!/usr/bin/python3
"""Runs the benchmarks: for each workload in turn, so many rounds, in each of which every contestant runs once.

    run.py --build DIRECTORY    where bench and its peers are built
           --quick              fewer requests and rounds, without the longest workloads; a minute
           --rounds N           7 by default, 3 if quick
           --only KEY,...       these workloads
           --markdown           the table as Markdown
           --json FILE          all that was measured

It ends with status 1 if something could not be measured as it should: a contestant failed, or the server's log does not
say what it must. A goal that is not reached is not a failure, but the table says so.
"""
import argparse
import contextlib
import dataclasses
import mmap
import os
import platform
import re
import shlex
import signal
import subprocess
import sys
import tempfile

import report
from rows import workloads
from server import Server, open_many_files

# How long a contestant may take, in seconds.
PATIENCE = 1200
PEERS = ("libcurl", "pool", "lookup", "pingpong", "soup")


@dataclasses.dataclass
class Run:
    """What came of a contestant in a round; fields is None if it did not get so far."""
    fields: dict
    answers: object
    complaint: str


def environment():
    """That of this process, without what would make a difference."""
    return {name: value for name, value in os.environ.items()
            if not name.lower().endswith("_proxy") and name != "ASYNCHTTP_LOG"}


def parse(line):
    """{"n": 1, ...} of "n=1 ..."."""
    return {name: float(value) for name, value in (word.split("=", 1) for word in line.split())}


def read_through(directory):
    """The system may have given up what it had of files in memory: what is measured is not the disk."""
    for place, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(place, name), "rb", buffering=0) as file:
                while file.read(1 << 20):
                    pass


def have_at_hand(size):
    """A virtual machine's host may have taken back what memory was free, and to give it again can take longer than all
    that is measured. So it has to do that for this process, on large pages if there are any, which leaves the memory to
    the next."""
    if not size:
        return
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE) as memory:
        with contextlib.suppress(AttributeError, OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)
        for at in range(0, size, mmap.PAGESIZE):
            memory[at] = 1


def combined(outputs):
    """The line of one process, or what the lines of several that ran side by side come to."""
    lines = [parse(output) for output in outputs]
    fields = dict(lines[0])
    for name in ("n", "cpu", "bytes", "errors", "rss_kb", "threads"):
        fields[name] = sum(line[name] for line in lines)
    fields["wall"] = max(line["wall"] for line in lines)
    fields["rate"] = sum(line["n"] / line["wall"] for line in lines)
    return fields


class Runner:
    def __init__(self, build, server, directory):
        here = os.path.dirname(os.path.abspath(__file__))
        self.server = server
        self.directory = directory
        self.programs = {name: f"{build}/tests/bench/peers/{name}" for name in PEERS}
        self.programs["bench"] = f"{build}/tests/bench/bench"
        self.programs["httplib2"] = f"/usr/bin/python3 {here}/peers/python_httplib2.py"
        self.first = 1000000
        self.filled = []
        self.memory = 0

    def place(self, placement):
        cpus = sorted(os.sched_getaffinity(0))
        self.cpus = set(cpus[:1] if placement == "one" else cpus[:2])
        self.server.pin(self.cpus)

    def _start(self, command, kept, fresh):
        self.first += 100000
        words = shlex.split(command.format(url=self.server.url, kept=kept, fresh=fresh, first=self.first,
                                           filled=self.filled, **self.programs))

        def prepare():
            os.sched_setaffinity(0, self.cpus)
            open_many_files()

        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, env=environment(), preexec_fn=prepare)

    def _finish(self, processes):
        """[(output, what it says of errors)]. None is left, whatever happens."""
        try:
            return [process.communicate(timeout=PATIENCE) for process in processes]
        except subprocess.TimeoutExpired:
            return [("", f"took longer than {PATIENCE} s")]
        finally:
            for process in processes:
                if process.poll() is None:
                    process.kill()
                    process.wait()

    def run(self, command, count, kept, proof):
        read_through(kept)
        with tempfile.TemporaryDirectory(dir=self.directory) as fresh:
            self.server.answers()
            have_at_hand(self.memory)
            results = self._finish([self._start(command, kept, fresh) for _ in range(count)])
            answers = self.server.answers()
        complaints = [error.strip() or "nothing came out" for output, error in results if not output]
        if complaints:
            return Run(None, answers, complaints[0])
        fields = combined([output for output, _ in results])
        fields["connections"] = answers.connections
        return Run(fields, answers, complaint_about(fields, answers, proof, count))


def complaint_about(fields, answers, proof, count):
    """What the run did not do as it should, "" if there is nothing."""
    if fields["errors"]:
        return f"{fields['errors']:.0f} of {fields['n']:.0f} requests not as they should be"
    if not proof:
        return ""
    found = {status: answers.statuses.get(status, 0) for status in ("200", "304")}
    if found != {"200": proof.ok * count, "304": proof.not_modified * count}:
        return f"the server's log has {answers.statuses}"
    if not proof.connections[0] * count <= answers.connections <= proof.connections[1] * count:
        return f"the server's log has {answers.connections} connections"
    return ""


def measure(runner, workload, rounds, quick):
    """{contestant: [Run of each round]}"""
    contestants = [c for c in workload.contestants if not (quick and c.slow)]
    runs = {c.name: [] for c in contestants}
    runner.place(workload.placement)
    runner.filled = []
    runner.memory = workload.memory
    with tempfile.TemporaryDirectory(dir=runner.directory) as kept:
        for c in contestants:
            if c.setup:
                setup = runner.run(c.setup, 1, kept, None)
                if setup.complaint:
                    raise SystemExit(f"{workload.key}, {c.name}: {c.setup}: {setup.complaint}")
                if "cache_bytes" in setup.fields:
                    runner.filled.append(int(setup.fields["cache_bytes"]))
        for number in range(rounds):
            print(f"{workload.key}: round {number + 1} of {rounds}", file=sys.stderr)
            # Each is first in its turn: who comes before leaves memory that the host has found, a clock that has slowed
            # down, or the like. Backwards in every other round, so that it is not always after the same one.
            first = number // 2 % len(contestants)
            order = contestants[first:] + contestants[:first]
            for c in order[::-1] if number % 2 else order:
                runs[c.name].append(runner.run(c.command, c.processes, kept, c.proof))
    return runs


def output_of(*command):
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return (result.stdout + result.stderr).strip()
    except OSError:
        return ""


def machine():
    with open("/proc/cpuinfo") as file:
        model = re.search(r"^model name\s*:\s*(.*)", file.read(), re.M)
    versions = {name: output_of("pkg-config", "--modversion", name) for name in ("libcurl", "sqlite3", "libsoup-3.0")}
    versions["nginx"] = output_of("nginx", "-v").rpartition("/")[2]
    versions["httplib2"] = output_of("/usr/bin/python3", "-c", "import httplib2; print(httplib2.__version__)")
    return {"processor": model.group(1) if model else platform.machine(), "cores": len(os.sched_getaffinity(0)),
            "kernel": platform.release(), "load": os.getloadavg()[0], "versions": versions}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=".")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", default="")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json")
    return parser.parse_args()


def selected(options):
    """The workloads that are asked for: by their keys, or by how these begin."""
    keys = [key for key in options.only.split(",") if key]
    for workload in workloads(options.quick):
        if any(workload.key.startswith(key) for key in keys) if keys else not (options.quick and workload.slow):
            yield workload


def main():
    options = arguments()
    rounds = options.rounds or (3 if options.quick else 7)
    # Administrators' commands (nginx) are not in everybody's path.
    os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"
    # So that the server and the directories go away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    results = []
    described = machine()
    with tempfile.TemporaryDirectory(prefix="asynchttp-bench-") as directory, Server(directory) as server:
        runner = Runner(os.path.abspath(options.build), server, directory)
        for workload in selected(options):
            results.append(report.result(workload, measure(runner, workload, rounds, options.quick)))
    if options.json:
        report.write_json(options.json, described, rounds, results)
    report.print_table(described, rounds, results, options.markdown)
    return any(contestant["complaints"] for result in results for contestant in result["contestants"])


if __name__ == "__main__":
    sys.exit(main())
