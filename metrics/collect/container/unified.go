package container

import (
	"strconv"
	"strings"

	"concierge/metrics"
)

// unified is a control group of version 2; see "Control Group v2" in the
// documentation of Linux for its files.
type unified struct{ directory }

const microsecond = 1e-6

func (u unified) cpu(a *account) {
	stat := u.values("cpu.stat")
	a.counters(stat, microsecond, "usage_usec", cpuUsage, "user_usec", cpuUser, "system_usec", cpuSystem,
		"throttled_usec", cpuThrottled)
	a.counters(stat, 1, "nr_periods", cpuPeriods, "nr_throttled", cpuThrottledPeriods)
	if cores, ok := u.least(quotaV2); ok {
		a.gauge(cpuLimit, cores)
	}
}

// quotaV2 is how many processors a group may use.
func quotaV2(d directory) (cores float64, ok bool) {
	quota, period, _ := strings.Cut(strings.TrimSpace(d.text("cpu.max")), " ")
	return ratio(quota, period)
}

func (u unified) memory(a *account) {
	stat := u.values("memory.stat")
	if current, ok := u.number("memory.current"); ok {
		a.memory(current, stat["inactive_file"])
	}
	if most, ok := u.least(func(d directory) (float64, bool) { return d.number("memory.max") }); ok {
		a.gauge(memoryLimit, most)
	}
	if swap, ok := u.number("memory.swap.current"); ok {
		a.gauge(memorySwap, swap)
	}
	a.gauges(stat, "anon", memoryAnonymous, "file", memoryFile)
	a.counters(u.values("memory.events"), 1, "oom_kill", memoryKills, "max", memoryFull)
}

// io adds up what all devices did: the containers of a cluster see devices with
// numbers that mean nothing to anybody.
func (u unified) io(a *account) {
	text := u.text("io.stat")
	if text == "" {
		return
	}
	sums := make(map[string]float64)
	for field := range strings.FieldsSeq(text) {
		if key, value, ok := strings.Cut(field, "="); ok {
			n, _ := strconv.ParseFloat(value, 64)
			sums[key] += n
		}
	}
	a.counters(sums, 1, "rbytes", ioReadBytes, "wbytes", ioWriteBytes, "rios", ioReads, "wios", ioWrites)
}

// pressure is how long something had to wait for a resource: some of it, or
// all of it (full).
func (u unified) pressure(a *account) {
	for _, of := range [...][2]string{{"cpu.pressure", cpuPressure}, {"memory.pressure", memoryPressure}, {"io.pressure", ioPressure}} {
		for line := range strings.Lines(u.text(of[0])) {
			how, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			_, total, ok := strings.Cut(rest, "total=")
			if waited, err := strconv.ParseFloat(total, 64); ok && err == nil {
				a.add(metrics.Sample{Name: of[1], Field: how, Kind: metrics.Counter, Value: waited * microsecond})
			}
		}
	}
}
