package bench

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
)

// markdown prints what is to be reached, and every figure.
func (r *metricsRig) markdown() string {
	r.tb.Helper()
	memory, load, err := memoryAndLoad()
	if err != nil {
		r.tb.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d cores, %d GB of memory, %s/%s, %s; control groups of version %d; Zabbix 6.0. Load average at the end: %.1f.\n",
		runtime.NumCPU(), (memory+1<<29)>>30, runtime.GOOS, runtime.GOARCH, runtime.Version(), r.group.version, load)
	fmt.Fprintf(&b, "%s values; %d cycles, one every %s; %d of other forms; peers in %d turns.\n\n",
		thousands(r.values()), r.cycles, r.interval, r.few, r.turns)
	writeBars(&b, r.bars(), true)
	b.WriteString("\n")
	writeHead(&b, []string{"figure", "median", "least", "most"})
	for _, name := range slices.Sorted(maps.Keys(r.found)) {
		all, format := r.found[name], formatOf(name)
		writeLine(&b, []string{name, format(median(all)), format(slices.Min(all)), format(slices.Max(all))})
	}
	return b.String()
}

// formatOf goes by what a figure is called.
func formatOf(name string) func(float64) string {
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, w) })
	}
	switch {
	case has("memory", "peak", "wire", "plain"):
		return megabytes
	case has("cpu", "wall", "discovery", "last words", "off its time"):
		return seconds
	}
	return pieces
}

// bars are those of the work that this is about.
func (r *metricsRig) bars() []bar {
	of := func(name string) float64 { return median(r.found[name]) }
	return []bar{
		{"items: CPU time of a cycle", "≤ 40 ms", 40e-3, of("items: cpu"), seconds},
		{"items: CPU time of a cycle", "≤ 1/2 × zabbix_sender", 0.5, of("items: cpu") / of("zabbix_sender: cpu"), times},
		{"items: CPU time of a cycle", "≤ 1/8 × the script", 0.125, of("items: cpu") / of("script: cpu"), times},
		{"items: peak memory of the process, its program's file with it", "≤ 32 MB", 32e6, of("items: peak"), megabytes},
		{"items: peak memory of the control group", "≤ 32 MB", 32e6, of("items: group peak"), megabytes},
		{"items: time of a cycle without the server's", "≤ 300 ms", 0.3, of("items: wall without server"), seconds},
		{"items: bytes on the wire", "≤ 0.6 MB", 0.6e6, of("items: wire"), megabytes},
		{"items: refused values", "0", 0, of("items: failed"), count},
		{"first discovery to all values taken", "≤ 60 s", 60, of("first discovery"), seconds},
		{"Prometheus text: CPU time of a cycle", "≤ 60 ms", 60e-3, of("prometheus: cpu"), seconds},
		{"document: CPU time of a cycle", "≤ 25 ms", 25e-3, of("document: cpu"), seconds},
		{"17 values: CPU time of a cycle", "≤ 2 ms", 2e-3, of("17 values: cpu"), seconds},
		{"heartbeats off their time", "≤ 0.2 s", 0.2, quantile(r.found["heartbeat: off its time"], 1), seconds},
		{"last words with a server that hangs on pushes", "≤ 3 s", 3, quantile(r.found["last words with a server that hangs on pushes"], 1), seconds},
		{"last words given up without a server, and concierge ended", "≤ 3 s", 3, quantile(r.found["last words without a server: end of concierge"], 1), seconds},
	}
}
