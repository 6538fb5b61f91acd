package container

import (
	"strconv"
	"strings"
)

const (
	nanosecond = 1e-9
	tick       = 0.01 // USER_HZ of proc_pid_stat(5): the same wherever Go runs
)

// cpuV1 reads version 1, where accounting is a controller apart, often mounted
// together with the other.
func cpuV1(a *account, cpu, accounting directory) {
	if used, ok := accounting.number("cpuacct.usage"); ok {
		a.counter(cpuUsage, used*nanosecond)
	}
	a.counters(accounting.values("cpuacct.stat"), tick, "user", cpuUser, "system", cpuSystem)
	stat := cpu.values("cpu.stat")
	a.counters(stat, nanosecond, "throttled_time", cpuThrottled)
	a.counters(stat, 1, "nr_periods", cpuPeriods, "nr_throttled", cpuThrottledPeriods)
	if cores, ok := cpu.least(quotaV1); ok {
		a.gauge(cpuLimit, cores)
	}
}

func quotaV1(d directory) (cores float64, ok bool) {
	return ratio(strings.TrimSpace(d.text("cpu.cfs_quota_us")), strings.TrimSpace(d.text("cpu.cfs_period_us")))
}

// ratio is a quota per period; a quota that is not set is max or -1.
func ratio(quota, period string) (n float64, ok bool) {
	q, set := limit(quota)
	p, err := strconv.ParseFloat(period, 64)
	return q / p, set && err == nil && p > 0
}

func memoryV1(a *account, d directory) {
	stat := d.values("memory.stat")
	if used, ok := d.number("memory.usage_in_bytes"); ok {
		a.memory(used, stat["total_inactive_file"])
	}
	// This is the least of the groups above, too, also of those not seen here.
	if most, ok := stat["hierarchical_memory_limit"]; ok && most < unlimited {
		a.gauge(memoryLimit, most)
	}
	a.gauges(stat, "total_rss", memoryAnonymous, "total_cache", memoryFile, "total_swap", memorySwap)
	a.counters(d.values("memory.oom_control"), 1, "oom_kill", memoryKills)
	if n, ok := d.number("memory.failcnt"); ok {
		a.counter(memoryFull, n)
	}
}

// ioV1 adds up what all devices did, of the group and those below it.
func ioV1(a *account, d directory) {
	a.counters(d.operations("blkio.throttle.io_service_bytes_recursive"), 1, "Read", ioReadBytes, "Write", ioWriteBytes)
	a.counters(d.operations("blkio.throttle.io_serviced_recursive"), 1, "Read", ioReads, "Write", ioWrites)
}

// operations returns the sums of lines such as "8:0 Read 4096".
func (d directory) operations(name string) map[string]float64 {
	sums := make(map[string]float64)
	for line := range strings.Lines(d.text(name)) {
		if fields := strings.Fields(line); len(fields) == 3 {
			n, _ := strconv.ParseFloat(fields[2], 64)
			sums[fields[1]] += n
		}
	}
	return sums
}

// pids reads a controller whose files are the same in both versions.
func pids(a *account, d directory) {
	if n, ok := d.number("pids.current"); ok {
		a.gauge(tasks, n)
	}
	if most, ok := d.least(func(d directory) (float64, bool) { return d.number("pids.max") }); ok {
		a.gauge(tasksLimit, most)
	}
}
