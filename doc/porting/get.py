"""Gets two pages with header fields of its own, and looks at the status of each."""
import sys

import httplib2

http = httplib2.Http(timeout=10)
headers = {"Accept": "application/json", "Accept-Language": "en"}
for path in ("/agencies.json", "/status/404"):
    response, content = http.request(sys.argv[1] + path, headers=headers)
    print(response.status, response.reason, response.get("content-type", "?"))
    if "last-modified" not in response:
        print("no last-modified")
    if response.status == 200:
        print(content.decode())
