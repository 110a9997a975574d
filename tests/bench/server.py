"""nginx on loopback, whose log tells what each contestant has asked for."""
import collections
import http.client
import os
import resource
import signal
import socket
import subprocess
import time

# How long nginx may take to start and to write its log, in seconds.
PATIENCE = 10

MODULE = "/usr/lib/nginx/modules/ngx_http_echo_module.so"
SIZES = {"1k": 1024, "1536": 1536, "16k": 16 * 1024, "200m": 200 * 1024 * 1024}

# One process, whose log is in the order of the requests.
CONFIGURATION = """
load_module {module};
daemon off;
master_process off;
pid {directory}/pid;
error_log {directory}/error.log;
events {{
    worker_connections 16384;
    multi_accept on;
}}
http {{
    log_format short "$connection $status $uri";
    access_log {directory}/access.log short buffer=64k;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    keepalive_requests 100000000;
    keepalive_timeout 600;
    server {{
        listen 127.0.0.1:{port} backlog=16384;
        root {directory}/www;
        location /kept/1k/ {{
            rewrite ^ /1k break;
            add_header cache-control max-age=86400;
        }}
        location /kept/1536/ {{
            rewrite ^ /1536 break;
            add_header cache-control max-age=86400;
        }}
        location /kept/16k/ {{
            rewrite ^ /16k break;
            add_header cache-control max-age=86400;
        }}
        location = /changing {{
            rewrite ^ /1k break;
            add_header cache-control "max-age=0, must-revalidate";
            # For libsoup, which guesses when max-age is 0.
            add_header expires "Thu, 01 Jan 1970 00:00:01 GMT";
        }}
        location = /delayed {{
            echo_sleep 0.1;
            echo delayed;
        }}
        location = /late {{
            echo_sleep 5;
            echo late;
        }}
        location = /slow {{
            echo_sleep 60;
            echo slow;
        }}
    }}
}}
"""

# What the log says of a time: how many answers of each status there were, over how many connections.
Answers = collections.namedtuple("Answers", "statuses connections")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def open_many_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Server:
    def __init__(self, directory):
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.marks = 0
        os.mkdir(f"{directory}/www")
        for name, size in SIZES.items():
            with open(f"{directory}/www/{name}", "wb") as file:
                file.write(b"0123456789abcdef" * (size // 16))
        with open(f"{directory}/nginx.conf", "w") as file:
            file.write(CONFIGURATION.format(module=MODULE, directory=directory, port=self.port))

    def __enter__(self):
        # It goes when this process goes, however that happens.
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "nginx", "-p", self.directory, "-c", f"{self.directory}/nginx.conf"],
            stdin=subprocess.DEVNULL, preexec_fn=open_many_files)
        try:
            self._await(self._answers, "nginx does not answer")
            self.log = open(f"{self.directory}/access.log")
            self.answers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def _await(self, condition, complaint):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit(f"{complaint}, see {self.directory}/error.log")
            time.sleep(0.01)

    def _ask(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
        finally:
            connection.close()

    def _answers(self):
        try:
            self._ask("/")
            return True
        except ConnectionError:
            return False

    def pin(self, cpus):
        os.sched_setaffinity(self.process.pid, cpus)

    def answers(self):
        """What was asked for since the last call. A request of our own marks the end of it in the log, and a signal
        makes nginx write out what it has."""
        self.marks += 1
        mark = f"/mark{self.marks}"
        self._ask(mark)
        self.process.send_signal(signal.SIGUSR1)
        text = ""

        def marked():
            nonlocal text
            text += self.log.read()
            return text.endswith(f" {mark}\n")

        self._await(marked, "nginx does not write its log")
        fields = [line.split(" ") for line in text.splitlines()[:-1]]
        return Answers(dict(collections.Counter(status for _, status, _ in fields)),
                       len({connection for connection, _, _ in fields}))
