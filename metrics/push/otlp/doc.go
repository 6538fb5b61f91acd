// Package otlp delivers snapshots by the OpenTelemetry protocol over HTTP,
// version 1, in protobuf: to a collector, to Prometheus 3, or to a vendor.
//
// A gauge becomes a gauge, a counter a monotonic cumulative sum that began with
// the process that is measured. The name is that of the sample, with the field
// behind a dot; labels are attributes. Buckets, sums and counts of a histogram
// stay series of their own, as the application shows them. Texts cannot be
// represented and are counted, and so are values that are not finite.
//
// All points of a push have the moment of the snapshot, and travel in one
// request unless a limit is set. What is told to be rejected is counted, and no
// error. A server that asks for time (429, 502, 503, 504 with Retry-After) is
// asked nothing before it is over: until then pushes fail at once.
//
// A [Target] belongs to one goroutine, but for [Target.Beat], which may be
// called by others at the same time.
package otlp
