"""The way it was done before: read the metrics, write a file, call zabbix_sender.

usage: courier.py URL ADDRESS PORT HOST FILE
"""
import json
import subprocess
import sys
import time
import urllib.request

url, address, port, host, path = sys.argv[1:]
kinds = {"gauges": "gauge", "counters": "counter", "histograms": "histogram", "meters": "meter", "timers": "timer"}


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def param(name):
    if name[:1] in (" ", '"') or "," in name or "]" in name:
        return '"' + name.replace('"', '\\"') + '"'
    return name


with urllib.request.urlopen(url) as answer:
    metrics = json.load(answer)
now = int(time.time())
with open(path, "w", encoding="utf-8") as out:
    for group, kind in kinds.items():
        for name, fields in metrics.get(group, {}).items():
            if name.startswith("odd."):
                continue
            for field, value in fields.items():
                if isinstance(value, bool) or not isinstance(value, (int, float)):
                    continue
                key = param(name) if kind in ("gauge", "counter") else param(name) + "," + field
                out.write("%s %s %d %s\n" % (quoted(host), quoted("app.%s[%s]" % (kind, key)), now, value))
sent = subprocess.run(["zabbix_sender", "-z", address, "-p", port, "-T", "-i", path], stdout=subprocess.PIPE, text=True)
print(sent.stdout)
