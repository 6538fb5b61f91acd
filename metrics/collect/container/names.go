package container

// The names of what control groups account for. Times are in seconds, sizes in
// bytes. Those of pressure have the Field some or full.
const (
	cpuUsage            = "container.cpu.usage_seconds"
	cpuUser             = "container.cpu.user_seconds"
	cpuSystem           = "container.cpu.system_seconds"
	cpuLimit            = "container.cpu.limit_cores"
	cpuPeriods          = "container.cpu.periods"
	cpuThrottledPeriods = "container.cpu.throttled_periods"
	cpuThrottled        = "container.cpu.throttled_seconds"
	cpuPressure         = "container.cpu.pressure_seconds"

	memoryUsage     = "container.memory.usage_bytes"
	memoryWorking   = "container.memory.working_set_bytes" // without file pages nobody used lately: what the kernel cannot easily have back
	memoryLimit     = "container.memory.limit_bytes"
	memoryAnonymous = "container.memory.anonymous_bytes"
	memoryFile      = "container.memory.file_bytes"
	memorySwap      = "container.memory.swap_bytes"
	memoryKills     = "container.memory.oom_kills"
	memoryFull      = "container.memory.limit_hits"
	memoryPressure  = "container.memory.pressure_seconds"

	tasks      = "container.tasks.count" // processes and threads
	tasksLimit = "container.tasks.limit"

	ioReadBytes  = "container.io.read_bytes"
	ioWriteBytes = "container.io.write_bytes"
	ioReads      = "container.io.reads"
	ioWrites     = "container.io.writes"
	ioPressure   = "container.io.pressure_seconds"
)

// counters adds what of a file has a name here. Pairs are the key in the file
// and the name; unit is that of the file.
func (a *account) counters(values map[string]float64, unit float64, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		if value, ok := values[pairs[i]]; ok {
			a.counter(pairs[i+1], value*unit)
		}
	}
}

func (a *account) gauges(values map[string]float64, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		if value, ok := values[pairs[i]]; ok {
			a.gauge(pairs[i+1], value)
		}
	}
}

func (a *account) memory(used, inactiveFile float64) {
	a.gauge(memoryUsage, used)
	a.gauge(memoryWorking, max(0, used-inactiveFile))
}
