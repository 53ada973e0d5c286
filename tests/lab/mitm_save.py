"""mitmproxy addon: one proxy, one HAR a listening port, each written by mitmproxy's own HAR exporter (the one behind `hardump`)."""

import json
import os
from collections import defaultdict

from mitmproxy import ctx, http


class SaveByPort:
    def __init__(self):
        self.flows = defaultdict(list)
        self.files = json.loads(os.environ["LAB_MITM"])

    def request(self, flow: http.HTTPFlow) -> None:
        self.flows[str(flow.client_conn.sockname[1])].append(flow)

    def done(self) -> None:
        for port, file in self.files.items():
            ctx.master.commands.call("save.har", self.flows[port], file)


addons = [SaveByPort()]
