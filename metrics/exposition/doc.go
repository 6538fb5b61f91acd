// Package exposition writes samples in the text format 0.0.4 of Prometheus.
//
// Lines are sorted by name and labels, and each series is there once. What a name
// cannot hold becomes an underscore, so com.example.Orders with the field p99 is
// com_example_Orders_p99. Every name has a TYPE: gauge or counter, or untyped
// if samples of both kinds came to have it. Buckets, sums and counts stay
// counters of their own, for which queries over histograms do not ask.
package exposition
