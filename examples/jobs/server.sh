#!/bin/sh
# Serves the greeting of the file $1 into run/served; HUP makes it read that again.
serve() { cp "$1" run/served && echo "serving: $(cat run/served)"; }
trap 'serve "$1"' HUP
serve "$1"
while :; do sleep 0.1; done
