"""Gets twelve pages, and prints the title of each."""
import re
import sys

import httplib2

http = httplib2.Http()
for number in range(1, 13):
    response, content = http.request("%s/page/%d" % (sys.argv[1], number))
    if response.status != 200:
        sys.exit("titles: page %d: status %d" % (number, response.status))
    title = re.search(b"<title>([^<]*)", content)
    if not title:
        sys.exit("titles: page %d has no title" % number)
    print("%d: %s" % (number, title.group(1).decode()))
