// Package exposition reads what Prometheus scrapes: the text format 0.0.4 and
// 1.0.0, whose names may be any UTF-8 in quotes, and OpenMetrics 1.0.
//
// It goes over the lines once and builds nothing but samples, whose strings are
// parts of the text. The reader of Prometheus' own client library makes a tree
// of families: it takes ten times as long and 1.7 million allocations for 34,000
// samples, and fifty times as long where buckets are not wanted. It is what the
// tests and benchmarks here compare with.
//
// Like Prometheus it takes a text as a whole or not at all: a line that cannot be
// read is an error, since what else it says is then anybody's guess.
package exposition
