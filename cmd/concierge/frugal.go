package main

import (
	"os"
	"runtime"
	"runtime/debug"

	groups "concierge/metrics/collect/container"
)

// memoryShare is how much of the container's memory the runtime may take before
// it collects garbage at any price; the rest is for what it does not count.
const memoryShare = 0.8

// smallMemory is up to where the size of the program itself matters.
const smallMemory = 256 << 20

// beFrugal keeps the Go runtime to what the control group leaves it, unless
// GOMAXPROCS or GOMEMLIMIT say something else. By itself it uses two threads at
// least, which with less than one core use up their slice twice as fast; and it
// knows no limit of memory.
func beFrugal() {
	limits := groups.ReadLimits()
	if limits.Cores > 0 && limits.Cores <= 1 && os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	if limits.Memory > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(memoryShare * float64(limits.Memory)))
	}
	if limits.Memory > 0 && limits.Memory <= smallMemory {
		forgetProgram()
	}
}
