// Package etcd is the source over etcd, version 3.
//
// # What is guaranteed
//
// All answers of one update are of one store revision, across all queries: a
// transaction over any wanted keys arrives as one batch, never torn. Reads are
// linearizable; absence is reported only when a quorum confirmed it.
//
// # How
//
// The wanted queries are planned into few ranges (plan.go). They are read at
// one revision (read.go), which gives the first answers, and are watched from
// the next revision on, all on one gRPC stream (follow.go). With several
// ranges a batch is held until every watcher has shown that it is past the
// batch's revision, for which etcd is asked for a progress notification
// (barrier.go). Whatever goes wrong (connection lost, history compacted,
// leader lost, token expired, a progress notification that does not come) has
// the one answer of reading everything anew: the difference to what was
// published before is published, so nothing is lost and nothing is half.
//
// Servers before 3.4.25 and 3.5.8 may announce progress before the events it
// covers (etcd issue 15220); with several ranges a transaction may then come
// in two batches.
package etcd
