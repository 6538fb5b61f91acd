package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	groups "concierge/metrics/collect/container"
)

// memoryShare is how much of the container's memory the runtime may take before
// it collects garbage at any price; the rest is for what it does not count.
const memoryShare = 0.8

const (
	// smallMemory is up to where the size of the program itself matters.
	smallMemory = 256 << 20
	// smallGarbage is how much garbage may be beside what is in use, in percent. With
	// 34,000 metrics it takes 3 MB off the peak that 50 has, for a collection every
	// other cycle.
	smallGarbage = 20
	// forgetfulStart is how often the pages of the program are given back at first,
	// when each step still maps what no other one needs: twice in a cycle.
	forgetfulStart = 4
	// forgetfulEvery is how often later: what is mapped then is what all cycles need,
	// and mapping it again costs 2 ms of processor time.
	forgetfulEvery = 64
)

// beFrugal keeps the Go runtime to what the control group leaves it, unless
// GOMAXPROCS, GOMEMLIMIT or GOGC say something else. By itself it uses two threads at
// least, which with less than one core use up their slice twice as fast; and it
// knows no limit of memory. Its result is to be called again and again before work that
// needs much memory for a moment; nil where memory does not matter that much.
func beFrugal() (lighten func()) {
	limits := groups.ReadLimits()
	if limits.Cores > 0 && limits.Cores <= 1 && os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	if limits.Memory > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(memoryShare * float64(limits.Memory)))
	}
	if limits.Memory <= 0 || limits.Memory > smallMemory {
		return nil
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(smallGarbage)
	}
	program := findProgram()
	program.forget()
	return sometimes(program.forget)
}

// sometimes calls f at the first calls of the result, and then now and again. The
// result may be called concurrently if f may.
func sometimes(f func()) func() {
	var calls atomic.Uint64
	return func() {
		if n := calls.Add(1); n <= forgetfulStart || n%forgetfulEvery == 0 {
			f()
		}
	}
}
