"""Puts a text and some bytes, with a name and a password in case the server asks for them."""
import sys

import httplib2

http = httplib2.Http()
http.add_credentials("joe", "secret")


def put(body, content_type):
    response, content = http.request(sys.argv[1] + "/echo", "PUT", body=body, headers={"Content-Type": content_type})
    if response.status == 401:
        sys.exit("put: the name or the password is wrong")
    if response.status >= 300:
        sys.exit("put: the server answered with status %d" % response.status)
    print(response.status, response.get("content-type", "?"), len(content), "bytes", flush=True)
    sys.stdout.buffer.write(content + b"\n")


put("To be, or not to be", "text/plain")
put(b"a\0b\0", "application/octet-stream")
