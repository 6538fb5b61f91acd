package bench

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// quantity is something that is measured, in seconds, bytes or pieces.
type quantity uint8

const (
	onceTime quantity = iota
	onceCPU
	onceMemory
	putTime
	latency
	signalLag
	changeCPU
	daemonMemory
	idleMemory
	idleCPU
	descriptors
	connections
	onceDescriptors
	onceRefused
	startTime
	binarySize
)

// samples are all measurements of one contender in one scenario.
type samples map[quantity][]float64

func (s samples) add(q quantity, v float64) { s[q] = append(s[q], v) }

func (s samples) addTime(q quantity, d time.Duration) { s.add(q, d.Seconds()) }

// cell identifies samples.
type cell struct {
	scenario
	contender string
}

// results are the samples of a run. They belong to one goroutine.
type results map[cell]samples

func (r results) at(s scenario, c contender) samples {
	k := cell{s, c.name}
	if r[k] == nil {
		r[k] = make(samples)
	}
	return r[k]
}

// quantile returns the value that a part q of the samples does not exceed (the
// nearest rank), NaN if there are none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func median(values []float64) float64 { return quantile(values, 0.5) }

func p95(values []float64) float64 { return quantile(values, 0.95) }

// seconds prints a time with three digits at most.
func seconds(v float64) string {
	switch {
	case v < 1e-3:
		return digits(v*1e6) + " µs"
	case v < 1:
		return digits(v*1e3) + " ms"
	}
	return digits(v) + " s"
}

func megabytes(v float64) string { return digits(v/1e6) + " MB" }

func pieces(v float64) string { return thousands(int(v)) }

// digits prints a number with two significant digits below ten and whole
// above: more would be noise.
func digits(v float64) string {
	if v < 9.95 {
		return fmt.Sprintf("%.1f", v)
	}
	return thousands(int(math.Round(v)))
}

// ratio prints how many times the second the first is.
func ratio(a, b float64) string {
	if b == 0 || math.IsNaN(a/b) {
		return "–"
	}
	r := a / b
	switch {
	case r < 0.01:
		return fmt.Sprintf("%.4f", r)
	case r < 9.995:
		return fmt.Sprintf("%.2f", r)
	}
	return digits(r)
}
