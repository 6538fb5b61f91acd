package bench

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// fleetRow is a line of the table.
type fleetRow struct {
	label string
	value func(fleetResult) string
}

// fleetMarkdown prints one column for each server.
func fleetMarkdown(tb testing.TB, p fleetPlan, results []fleetResult) string {
	tb.Helper()
	memory, load, err := memoryAndLoad()
	if err != nil {
		tb.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d cores, %d GB of memory, %s/%s, %s; all instances in one process beside the server. Load average at the end: %.1f.\n",
		runtime.NumCPU(), (memory+1<<29)>>30, runtime.GOOS, runtime.GOARCH, runtime.Version(), load)
	fmt.Fprintf(&b, "%d changes of one key; %s of idling; a restart is kill -9 and a start with the same data on the same address.\n\n", p.changes, p.idle)
	heads := []string{fmt.Sprintf("%s instances, %d keys each", thousands(p.instances), fleetKeys)}
	for _, r := range results {
		heads = append(heads, r.version)
	}
	writeHead(&b, heads)
	for _, row := range append(restRows(), restartRows(p)...) {
		cells := []string{row.label}
		for _, r := range results {
			cells = append(cells, row.value(r))
		}
		writeLine(&b, cells)
	}
	writeTimelines(&b, results)
	return b.String()
}

func writeTimelines(b *strings.Builder, results []fleetResult) {
	b.WriteString("\nRequests before the server took a write again, and in each second from then on:\n\n```text\n")
	for _, r := range results {
		for _, again := range r.restarts {
			fmt.Fprintf(b, "%-6s away for %4.1f s: %s before; %s\n",
				r.store, again.away.Seconds(), thousands(int(again.early)), runs(again.perSecond))
		}
	}
	b.WriteString("```\n")
}

// restRows are about what happens without a restart.
func restRows() []fleetRow {
	return []fleetRow{
		{"started at once: requests", func(r fleetResult) string { return thousands(int(r.start.requests)) }},
		{"started at once: half of the instances have all values after", func(r fleetResult) string { return seconds(median(r.start.current)) }},
		{"started at once: the last one has", func(r fleetResult) string { return seconds(slices.Max(r.start.current)) }},
		{"started at once: CPU time of the server", func(r fleetResult) string { return timeOf(r.start.cpu) }},
		{"at rest: connections", func(r fleetResult) string { return thousands(r.connections) }},
		{"at rest: requests held, or streams open", func(r fleetResult) string { return thousands(int(r.held)) }},
		{"at rest: requests per second", func(r fleetResult) string { return digits(float64(r.idleRequests) / r.idle.Seconds()) }},
		{"at rest: CPU time of the server, per second", func(r fleetResult) string { return seconds(r.idleCPU.Seconds() / r.idle.Seconds()) }},
		{"a change: requests", func(r fleetResult) string { return thousands(int(r.change.requests)) }},
		{"a change: bytes, both ways", func(r fleetResult) string { return volume(r.change.bytes) }},
		{"a change: CPU time of the server", func(r fleetResult) string { return timeOf(r.change.cpu) }},
		{"a change: CPU time of all instances", func(r fleetResult) string { return timeOf(r.change.own) }},
		{"a change: half of the instances have it after", func(r fleetResult) string { return seconds(median(r.change.middle)) }},
		{"a change: the last one has it after", func(r fleetResult) string { return seconds(median(r.change.last)) }},
	}
}

// restartRows are about each restart.
func restartRows(p fleetPlan) (rows []fleetRow) {
	for i, outage := range p.outages {
		prefix := "started again at once: "
		if outage > 0 {
			prefix = fmt.Sprintf("started again after %s: ", outage)
		}
		for _, row := range []struct {
			label string
			value func(fleetRestart) string
		}{
			{"no write taken for", func(r fleetRestart) string { return timeOf(r.away) }},
			{"requests until all are current", func(r fleetRestart) string { return thousands(int(r.requests)) }},
			{"requests in the busiest second", func(r fleetRestart) string { return thousands(int(r.busiest)) }},
			{"half of the instances are current after", func(r fleetRestart) string { return seconds(median(r.current)) }},
			{"the last one is current after", func(r fleetRestart) string { return seconds(slices.Max(r.current)) }},
			{"CPU time of the server until then", func(r fleetRestart) string { return timeOf(r.cpu) }},
			{"of which a start without a fleet takes", func(r fleetRestart) string { return timeOf(r.alone) }},
		} {
			rows = append(rows, fleetRow{prefix + row.label, func(r fleetResult) string { return row.value(r.restarts[i]) }})
		}
	}
	return rows
}

func timeOf(d time.Duration) string { return seconds(d.Seconds()) }

func volume(bytes float64) string {
	if bytes < 1e6 {
		return digits(bytes/1e3) + " kB"
	}
	return megabytes(bytes)
}

// runs prints numbers in a line, and equal ones that follow each other once.
func runs(counts []int64) string {
	var words []string
	for len(counts) > 0 {
		n := 1
		for n < len(counts) && counts[n] == counts[0] {
			n++
		}
		word := thousands(int(counts[0]))
		if n > 1 {
			word += fmt.Sprintf(" (%d times)", n)
		}
		words, counts = append(words, word), counts[n:]
	}
	return strings.Join(words, ", ")
}

func TestRequestsAreCountedPerSecond(t *testing.T) {
	begin := time.Now()
	var line timeline
	for i, n := range []int64{0, 10, 10, 40, 90, 90, 90} { // every half second
		line = append(line, sample{begin.Add(time.Duration(i) * time.Second / 2), n})
	}
	if got := line.busiest(); got != 80 {
		t.Errorf("%d requests in the busiest second, want 80", got)
	}
	if got := line.perSecond(begin); !slices.Equal(got, []int64{10, 80, 0}) {
		t.Errorf("requests in each second are %d", got)
	}
	if got := runs([]int64{5, 0, 0, 0, 1000}); got != "5, 0 (3 times), 1,000" {
		t.Errorf("printed as %q", got)
	}
}

func TestSeriesAreAddedByNameAndLabels(t *testing.T) {
	const p page = "# HELP n_total n_total 7\nn_total 1\nn_total{a=\"x\",b=\"y\"} 20\nn_total{a=\"x\",b=\"z\"} 3e2\nn_total_more{a=\"x\"} 4000\n"
	if all, some := p.sum("n_total"), p.sum("n_total", `a="x"`, `b="z"`); all != 321 || some != 300 {
		t.Errorf("sums are %d and %d, want 321 and 300", all, some)
	}
}
