#!/bin/sh
# A small process with a configuration file. It reads the file at its start and
# again when it gets HUP, like most servers.
conf=$1

greet() {
  greeting=$(sed -n 's/^greeting=//p' "$conf")
  interval=$(sed -n 's/^interval=//p' "$conf")
  echo "$greeting, ${GREETER_NAME}! (process $$)"
}

trap 'kill $! 2>/dev/null; echo "configuration changed:"; greet' HUP
trap 'kill $! 2>/dev/null; echo "bye"; exit 0' TERM INT

greet
while :; do
  sleep "$interval" &
  wait $!
done
