#!/usr/bin/python3
"""python_httplib2.py VERB ARGUMENT...: Python's httplib2, from which this library has its names. The verbs are those of bench,
and so is the line that comes out, see measure.h."""
import re
import sys
import time

import httplib2

STEP = 7919


class Measure:
    def __init__(self):
        self.n = self.bytes = self.errors = 0
        self.cpu = -time.process_time()
        self.wall = -time.monotonic()

    def request(self, http, url, fromcache=False):
        response, content = http.request(url)
        self.n += 1
        self.bytes += len(content)
        self.errors += response.status != 200 or (fromcache and not response.fromcache)

    def print(self):
        self.wall += time.monotonic()
        self.cpu += time.process_time()
        with open("/proc/self/status") as status:
            rss = re.search(r"VmHWM:\s*(\d+)", status.read()).group(1)
        print(f"n={self.n} wall={self.wall:.6f} cpu={self.cpu:.6f} bytes={self.bytes} errors={self.errors} "
              f"rss_kb={rss} threads=1")


def client(directory=None):
    return httplib2.Http(directory, proxy_info=None)


def get(url, n):
    http = client()
    measure = Measure()
    for _ in range(int(n)):
        measure.request(http, url)
    return measure


def big(url):
    return get(url, 1)


def fill(directory, prefix, keys):
    http = client(directory)
    measure = Measure()
    for i in range(int(keys)):
        measure.request(http, f"{prefix}{i:04d}")
    return measure


def hit(directory, prefix, keys, n):
    http = client(directory)
    measure = Measure()
    for i in range(int(n)):
        measure.request(http, f"{prefix}{i * STEP % int(keys):04d}", fromcache=True)
    return measure


def reval(directory, url, n):
    http = client(directory)
    http.request(url)
    measure = Measure()
    for _ in range(int(n)):
        measure.request(http, url, fromcache=True)
    return measure


if __name__ == "__main__":
    measured = {f.__name__: f for f in (get, big, fill, hit, reval)}[sys.argv[1]](*sys.argv[2:])
    measured.print()
    sys.exit(measured.errors > 0)
