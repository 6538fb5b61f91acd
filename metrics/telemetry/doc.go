// Package telemetry is what concierge measures of itself: how fresh the data of
// its sources is, what became of templates and changes, how the process and the
// deliveries of metrics are. The same values leave by [Telemetry.Handler], for
// those who scrape, and by [Telemetry.Samples], for every push target.
//
// The value of a label is a name from the configuration, or one of a closed
// set; it is never a key, the path of a secret, an address or a digest. What is
// recorded under a name that [Telemetry.Configure] was not told of is left out.
// Every combination that is known beforehand is there as 0 from the start, so
// that the first failure is an increase and not a new series.
//
// Recording is safe for concurrent use, never blocks on anything but a short
// lock, and does nothing on a nil receiver. There is no global state: each
// [Telemetry] has a registry of its own.
package telemetry
