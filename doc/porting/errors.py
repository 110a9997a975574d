"""Follows redirects, and meets errors: first as exceptions, then as status codes."""
import socket
import sys

import httplib2

base = sys.argv[1]
chain = base + "/redirect/301?to=/redirect/302?to=/hello"
http = httplib2.Http()
impatient = httplib2.Http(timeout=0.5)

response, content = http.request(base + "/redirect/301?to=/hello")
while response is not None:
    print(response.status, response["content-location"][len(base):])
    response = response.previous

try:
    impatient.request(base + "/hold/never")
except socket.timeout:
    print("timed out")
try:
    http.request("http://does.not.exist.invalid/")
except httplib2.ServerNotFoundError:
    print("server not found")
try:
    http.request(chain, redirections=1)
except httplib2.RedirectLimit as e:
    print("redirected too often, at last with status", e.response.status)

http.force_exception_to_status_code = True
impatient.force_exception_to_status_code = True
for client, uri in ((impatient, base + "/hold/never"), (http, "http://does.not.exist.invalid/"), (http, chain)):
    response, content = client.request(uri, redirections=1)
    print(response.status, response["status"])
