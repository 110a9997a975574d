"""Downloads a compressed resource to a file, without a proxy."""
import sys

import httplib2

http = httplib2.Http(proxy_info=None)
response, content = http.request(sys.argv[1] + "/gzip/1000000")
if response.status != 200:
    sys.exit("download: the server answered with status %d" % response.status)
with open(sys.argv[2], "wb") as file:
    file.write(content)
print(len(content), "bytes, Content-Length", response["content-length"])
print("it was encoded with", response["-content-encoding"])
