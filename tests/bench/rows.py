"""What is measured: workloads, who takes part in them, what counts, and what is to be reached.

In a command, {url} is where the server is, {kept} a directory that lasts as long as the workload, {fresh} one of this
run alone, {first} a number that has not been used before, {filled[0]} how many bytes the first cache holds that the
setups of this workload have filled.
"""
import dataclasses
import typing

US = 1e6
BODY_KB = 200 * 1024
LIBRARY = "asynchttp"
AHEAD = "asynchttp, 1,000 queued ahead"


@dataclasses.dataclass
class Proof:
    """What the server's log must say of a run, of each of its processes."""
    ok: int = 0
    not_modified: int = 0
    connections: tuple = (0, 0)


@dataclasses.dataclass
class Contestant:
    name: str
    command: str
    # None: it does not talk to the server.
    proof: typing.Optional[Proof] = None
    # Run once, before the rounds.
    setup: typing.Optional[str] = None
    processes: int = 1
    # Left out of a quick run.
    slow: bool = False


@dataclasses.dataclass
class Metric:
    name: str
    unit: str
    of: typing.Callable
    # {contestant: (relation, number)}; of the ratio, if there is a reference, else of the value.
    goals: dict
    reference: typing.Optional[str] = None
    # Whom it is about; None: everybody.
    only: typing.Optional[tuple] = None


@dataclasses.dataclass
class Workload:
    key: str
    title: str
    # "one" core for client and server, or "two".
    placement: str
    contestants: list
    metrics: list
    slow: bool = False
    # Bytes that the machine is to have at hand before each run.
    memory: int = 0


def time_each(fields):
    return fields["wall"] * US / fields["n"]


def cpu_each(fields):
    return fields["cpu"] * US / fields["n"]


def rate(fields):
    return fields["rate"]


def seconds(fields):
    return fields["wall"]


def megabytes(fields):
    return fields["bytes"] / 1e6 / fields["wall"]


def memory(fields):
    return fields["rss_kb"] / 1024


def beyond_body(fields):
    return (fields["rss_kb"] - BODY_KB) / 1024


def field(name):
    return lambda fields: fields[name]


def one_at_a_time(n, placement):
    proof = Proof(ok=n, connections=(1, 1))
    goals = {LIBRARY: ("<=", 1.25)} if placement == "one" else {}
    return Workload(f"W1-{placement}", "one request at a time", placement, [
        Contestant("libcurl easy", f"{{libcurl}} get {{url}}/1k {n}", proof),
        Contestant(LIBRARY, f"{{bench}} get {{url}}/1k {n}", Proof(ok=n, connections=(1, 5))),
        Contestant("pool of 1 thread", f"{{pool}} 1 1 {{url}}/1k {n}", proof),
        Contestant("pool of 5 threads", f"{{pool}} 5 1 {{url}}/1k {n}", Proof(ok=n, connections=(1, 5))),
        Contestant("libsoup", f"{{soup}} get {{url}}/1k {n}", proof),
        Contestant("httplib2", f"{{httplib2}} get {{url}}/1k {n}", proof),
    ], [Metric("time", "us", time_each, goals, "libcurl easy"),
        Metric("client CPU", "us", cpu_each, {}, "libcurl easy")])


def call(n):
    return Workload("W7", "the call itself", "one", [
        Contestant(LIBRARY, f"{{bench}} lat {{url}}/1k {n}", Proof(ok=n, connections=(1, 5))),
    ], [Metric("median of a call", "us", field("call_p50"), {LIBRARY: ("<=", 1)}),
        Metric("99th percentile of a call", "us", field("call_p99"), {}),
        Metric("median until the content", "us", field("total_p50"), {}),
        Metric("99th percentile until the content", "us", field("total_p99"), {})])


def side_by_side(n, concurrency):
    proof = Proof(ok=n, connections=(1, concurrency))
    return Workload(f"W2-{concurrency}", f"{n:,} requests, {concurrency} at a time", "two", [
        Contestant("libcurl multi", f"{{libcurl}} many {{url}}/1k {n} {concurrency}", proof),
        Contestant(LIBRARY, f"{{bench}} many {{url}}/1k {n} {concurrency}", proof),
        Contestant("libcurl multi, the same header fields", f"{{libcurl}} alike {{url}}/1k {n} {concurrency}", proof),
        Contestant(f"pool of {concurrency} threads", f"{{pool}} {concurrency} 1000 {{url}}/1k {n}", proof),
        Contestant("libsoup", f"{{soup}} many {{url}}/1k {n} {concurrency}", proof),
    ], [Metric("throughput", "/s", rate, {LIBRARY: (">=", 1.0)}, "libcurl multi"),
        Metric("client CPU", "us", cpu_each, {LIBRARY: ("<=", 1.15)}, "libcurl multi")])


def fresh_hits(size, n, keys, goal, goal_ahead):
    """With 1,000 queued ahead, the one processor is the client's alone: time is processor time."""
    prefix = f"{{url}}/kept/{size}/"
    bytes_each = {"1k": 1024, "16k": 16384}[size]
    quiet = Proof()
    sqlite_setup = f"{{lookup}} fill {{kept}}/sqlite {prefix} {keys} {bytes_each}"
    return Workload(f"W3-{size}", f"fresh hits of {size}", "one", [
        Contestant("libcurl easy, no cache", f"{{libcurl}} spread {prefix} {keys} {n}",
                   Proof(ok=n, connections=(1, 1))),
        Contestant(LIBRARY, f"{{bench}} hit {{kept}}/asynchttp {prefix} {keys} {n}", quiet,
                   f"{{bench}} fill {{kept}}/asynchttp {prefix} {keys}"),
        Contestant(AHEAD, f"{{bench}} hits {{kept}}/asynchttp {prefix} {keys} {n}", quiet),
        Contestant("libsoup", f"{{soup}} hit {{kept}}/soup {prefix} {keys} {n}", quiet,
                   f"{{soup}} fill {{kept}}/soup {prefix} {keys}"),
        Contestant("httplib2", f"{{httplib2}} hit {{kept}}/httplib2 {prefix} {keys} {n}", quiet,
                   f"{{httplib2}} fill {{kept}}/httplib2 {prefix} {keys}"),
        Contestant("SQLite alone", f"{{lookup}} hit {{kept}}/sqlite {prefix} {keys} {n}", None, sqlite_setup),
        Contestant("SQLite, mmap", f"{{lookup}} mmap {{kept}}/sqlite {prefix} {keys} {n}"),
        Contestant("SQLite, mmap, one transaction", f"{{lookup}} held {{kept}}/sqlite {prefix} {keys} {n}"),
        Contestant("ping-pong, futex", f"{{pingpong}} futex {n}"),
        Contestant("ping-pong, condition", f"{{pingpong}} condition {n}"),
    ], [Metric("time", "us", time_each, {LIBRARY: ("<=", goal), AHEAD: ("<=", goal_ahead)}, "libcurl easy, no cache"),
        Metric("client CPU", "us", cpu_each, {}, "libcurl easy, no cache",
               (LIBRARY, AHEAD, "libsoup", "httplib2"))])


def revalidations(n):
    proof = Proof(ok=1, not_modified=n, connections=(1, 1))
    # libsoup does not use a connection again after a 304.
    any_connections = Proof(ok=1, not_modified=n, connections=(1, n + 1))
    url = "{url}/changing"
    rows = "{kept}/sqlite p 1000"
    return Workload("W4", "revalidation, 304", "one", [
        Contestant("libcurl easy, If-None-Match", f"{{libcurl}} reval {url} {n}", proof),
        Contestant(LIBRARY, f"{{bench}} reval {{fresh}} {url} {n}",
                   Proof(ok=1, not_modified=n, connections=(1, 5))),
        Contestant("libsoup", f"{{soup}} reval {{fresh}} {url} {n}", any_connections),
        Contestant("httplib2", f"{{httplib2}} reval {{fresh}} {url} {n}", proof),
        Contestant("SQLite, one UPDATE", f"{{lookup}} update {rows} {n}", None, f"{{lookup}} fill {rows} 1024"),
    ], [Metric("time", "us", time_each, {LIBRARY: ("<=", 1.8)}, "libcurl easy, If-None-Match")])


def all_at_once(n):
    """Those who begin all of them before they look for answers have a connection for nearly each of them; the others
    find those of what has been answered."""
    url = f"{{url}}/delayed {n}"
    proof = Proof(ok=n, connections=(n * 9 // 10, n))
    return Workload("W5", f"{n:,} requests at once, answered after 100 ms", "two", [
        Contestant("libcurl multi, 16 handles", f"{{libcurl}} burst {url} 16", proof),
        Contestant(LIBRARY, f"{{bench}} burst {url}", Proof(ok=n, connections=(1, n))),
        Contestant("libcurl multi, 1 handle", f"{{libcurl}} burst {url} 1", proof, slow=True),
        Contestant("pool of 6,000 threads", f"{{pool}} 6000 {n} {url}", Proof(ok=n, connections=(1, 6000)), slow=True),
    ], [Metric("time", "s", seconds, {LIBRARY: ("<=", 1.1)}, "libcurl multi, 16 handles"),
        Metric("memory", "MiB", memory, {LIBRARY: ("<=", 1.1)}, "libcurl multi, 16 handles"),
        Metric("connections", "", field("connections"), {}),
        Metric("threads, the program's own included", "", field("threads"), {LIBRARY: ("<=", 3)}, only=(LIBRARY,))])


def all_under_way(n):
    """All of them have begun before the first is answered."""
    url = f"{{url}}/late {n}"
    proof = Proof(ok=n, connections=(n, n))
    return Workload("W5-held", f"{n:,} requests at once, answered after 5 s", "two", [
        Contestant("libcurl multi, 16 handles", f"{{libcurl}} burst {url} 16", proof),
        Contestant(LIBRARY, f"{{bench}} burst {url}", proof),
    ], [Metric("time", "s", seconds, {LIBRARY: ("<=", 1.1)}, "libcurl multi, 16 handles"),
        Metric("client CPU", "us", cpu_each, {}, "libcurl multi, 16 handles"),
        Metric("memory", "MiB", memory, {LIBRARY: ("<=", 1.1)}, "libcurl multi, 16 handles")], slow=True)


def large_body(memory_at_hand):
    proof = Proof(ok=1, connections=(1, 1))
    stream = "asynchttp, to a callback"
    discard = "libcurl easy, discarding it"
    key, title = ("W6", "200 MiB, memory at hand") if memory_at_hand else ("W6-as-is", "200 MiB, memory as it is")
    return Workload(key, title, "two", [
        Contestant(discard, "{libcurl} big {url}/200m", proof),
        Contestant(LIBRARY, "{bench} big {url}/200m", proof),
        Contestant(stream, "{bench} stream {url}/200m", proof),
        Contestant("libcurl easy, growing buffer", "{libcurl} grow {url}/200m", proof),
        Contestant("the same, CURLOPT_BUFFERSIZE 512 KiB", "{libcurl} wide {url}/200m", proof),
        Contestant("libsoup", "{soup} big {url}/200m", proof),
        Contestant("httplib2", "{httplib2} big {url}/200m", proof),
    ], [Metric("throughput", "MB/s", megabytes, {LIBRARY: (">=", 0.85)}, discard),
        Metric("throughput, against httplib2", "MB/s", megabytes, {LIBRARY: (">", 1.0)}, "httplib2",
               ("httplib2", LIBRARY)),
        Metric("memory beyond the body", "MiB", beyond_body, {LIBRARY: ("<=", 10)}, only=(LIBRARY,)),
        Metric("memory", "MiB", memory, {stream: ("<=", 16)}, only=(discard, stream))],
        slow=not memory_at_hand, memory=memory_at_hand)


def queueing(n):
    # Beside what a request needs, there are copies of its URI.
    strings = 128
    return Workload("queue", f"{n:,} requests queued", "two", [
        Contestant(LIBRARY, f"{{bench}} queue {{url}}/slow {n}", Proof(connections=(0, 1))),
    ], [Metric("time to queue one", "us", field("call_us"), {LIBRARY: ("<=", 2)}),
        Metric("memory of one, with its strings", "B", field("bytes_each"), {LIBRARY: ("<=", 1024 + strings)})])


def many_entries(keys, hits, n):
    """A cache of 2 GiB that is nearly full, against a small one. For the stores, what it holds is all that it may hold,
    so that each store throws something out: the oldest, which hits leave out. One that is not timed comes before them:
    the first of a process opens the cache and begins its log."""
    prefix = "{url}/kept/1536/"
    hit_small, hit_large = "hit, 1,000 entries", f"hit, {keys:,} entries"
    store_small, store_large = "store, 1,000 entries", f"store, {keys:,} entries"
    fill = "{bench} -w 2 -t 16 -m 2147483648 fill {kept}"
    store = f"{prefix} {n} {{first}}"
    quiet, stored = Proof(), Proof(ok=n + 1, connections=(1, 5))
    return Workload("million", f"a cache of {keys:,} entries", "two", [
        Contestant(hit_small, f"{{bench}} hit {{kept}}/small {prefix} 1000 {hits}", quiet,
                   f"{fill}/small {prefix} 1000"),
        Contestant(hit_large,
                   f"{{bench}} -m 2147483648 -s {keys // 20} hit {{kept}}/large {prefix} {keys} {hits}", quiet,
                   f"{fill}/large {prefix} {keys}"),
        Contestant(store_small, f"{{bench}} -m {{filled[2]}} store {{kept}}/turnover {store}", stored,
                   f"{fill}/turnover {prefix} 1000"),
        Contestant(store_large, f"{{bench}} -m {{filled[1]}} store {{kept}}/large {store}", stored),
    ], [Metric("time of a hit", "us", time_each, {hit_large: ("<=", 1.5)}, hit_small, (hit_small, hit_large)),
        Metric("time of a store", "us", time_each, {store_large: ("<=", 1.5)}, store_small,
               (store_small, store_large)),
        Metric("longest store", "us", field("total_max"), {store_large: ("<=", 10000)},
               only=(store_small, store_large)),
        Metric("entries", "", field("entries"), {hit_large: (">=", keys * 0.98)}, only=(hit_small, hit_large)),
        Metric("entries thrown out", "", field("evictions"), {store_large: (">", 0)},
               only=(store_small, store_large))], slow=True)


def processes(n, keys):
    prefix = "{url}/kept/1k/"
    command = f"{{bench}} mix {{kept}}/asynchttp {prefix} {keys} {n} {{first}}"
    proof = Proof(ok=n // 10, connections=(1, 4))
    return Workload("processes", "one cache, 90% hits, 10% stores", "two", [
        Contestant("1 process of 4 workers", command, proof, f"{{bench}} fill {{kept}}/asynchttp {prefix} {keys}"),
        Contestant("4 processes of 4 workers", command, proof, processes=4),
    ], [Metric("throughput", "/s", rate, {"4 processes of 4 workers": (">=", 1.5)}, "1 process of 4 workers")])


def workloads(quick):
    def some(n):
        return n // 5 if quick else n

    return [
        one_at_a_time(some(10000), "one"), one_at_a_time(some(10000), "two"), call(some(10000)),
        side_by_side(some(20000), 5), side_by_side(some(20000), 64),
        fresh_hits("1k", some(10000), some(1000), 0.35, 0.2), fresh_hits("16k", some(10000), some(1000), 0.45, 0.35),
        revalidations(some(2500)), all_at_once(10000), all_under_way(10000), large_body(300 << 20), large_body(0),
        queueing(100000), many_entries(1000000, 100000, 2000), processes(some(10000), some(1000)),
    ]
