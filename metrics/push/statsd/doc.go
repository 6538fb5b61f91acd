// Package statsd delivers snapshots as StatsD lines, plain or in the dialect of
// Datadog, in datagrams over UDP or a Unix socket.
//
// A gauge is its value; a counter is how much it grew since the last delivery,
// or its value if it began anew, and nothing when it is seen for the first time.
// Labels are tags in Datadog's dialect; the plain one has none, and gets them as
// parts of the name.
//
// Nobody acknowledges datagrams: accepted is what the socket took. Datagrams are
// paced so that a receiver on the same machine can follow, since what its buffer
// has no room for is lost unseen. A receiver that is not there is an error, as far
// as the kernel tells: at once on the same machine, and for others it may only
// be told to the next push.
//
// It suits some hundreds of values: 34,000 are 2,000 datagrams.
//
// A [Target] belongs to one goroutine, but for [Target.Beat], which may be
// called by others at the same time.
package statsd
