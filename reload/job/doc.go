// Package job looks after programs: it starts them when what they need is
// there, watches whether they are healthy and within their limits, restarts
// them by their policy, and ends them in the right order.
//
// Each [Job] has a goroutine that owns its state; a [Group] is the jobs of an
// instance.
package job
