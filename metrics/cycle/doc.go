// Package cycle measures and delivers on time: every endpoint is read once a
// cycle, all at the same moment, and what was read goes to every target in one
// piece.
//
// Goroutines: the [Engine] has one for the cycles, one for the heartbeat, and
// one for each target, so that a target that hangs holds up nothing but itself.
package cycle
