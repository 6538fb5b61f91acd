// Package agent is the instance: it wires sources, templates, process and
// settings together and runs the one loop that owns them. It is the only
// package that knows all others.
//
// Goroutines and their owners: the loop (this package) owns the snapshot, the
// dependency index, all timers and the state of every template; each source
// runs in a goroutine of its own and hands batches to the loop; the applier
// applies one generation at a time and reports back. Everything else is called
// synchronously by one of these.
package agent
