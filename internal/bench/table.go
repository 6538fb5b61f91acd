package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// row is one line of a table.
type row struct {
	label  string
	of     quantity
	reduce func([]float64) float64
	format func(float64) string
}

// rows are those of a scenario.
func rows() []row {
	return append(append([]row{
		{"one shot: time", onceTime, median, seconds},
		{"one shot: CPU time", onceCPU, median, seconds},
		{"one shot: peak memory", onceMemory, median, megabytes},
		{"one shot: most descriptors", onceDescriptors, median, pieces},
	}, latencyRows()...), []row{
		{"file to signal: median", signalLag, median, seconds},
		{"file to signal: 95 of 100 within", signalLag, p95, seconds},
		{"CPU time of one change", changeCPU, median, seconds},
		{"daemon: peak memory", daemonMemory, median, megabytes},
		{"daemon: memory at rest", idleMemory, median, megabytes},
		{"daemon: CPU time of an idle minute", idleCPU, median, seconds},
		{"daemon: open descriptors", descriptors, median, pieces},
		{"daemon: TCP connections", connections, median, pieces},
	}...)
}

// latencyRows are those that a bare client has too.
func latencyRows() []row {
	return []row{
		{"change to file: median", latency, median, seconds},
		{"change to file: 95 of 100 within", latency, p95, seconds},
		{"of which the store's answer to the PUT", putTime, median, seconds},
	}
}

// startRows are those of the cold start.
func startRows() []row {
	return []row{
		{"ten keys rendered, process ended", onceTime, median, seconds},
		{"version printed, process ended", startTime, median, seconds},
		{"size of the binary", binarySize, median, megabytes},
	}
}

// perTable is how many scenarios are columns of one table.
const perTable = 4

// tables writes tables of two contenders, or of one if there is no peer.
func (r results) tables(b *strings.Builder, scenarios []scenario, rows []row, own contender, peer *contender) {
	for part := range slices.Chunk(scenarios, perTable) {
		b.WriteByte('\n')
		if peer == nil {
			r.single(b, part, rows, own)
		} else {
			r.pair(b, part, rows, own, *peer)
		}
	}
}

// pair writes a table of two contenders: per scenario both values and their
// ratio. A ratio above 1, where the peer needs less, is bold.
func (r results) pair(b *strings.Builder, scenarios []scenario, rows []row, own, peer contender) {
	heads := []string{own.name + " / " + peer.name}
	for _, s := range scenarios {
		heads = append(heads, s.String(), "ratio")
	}
	writeHead(b, heads)
	for _, row := range r.measured(scenarios, rows, own, peer) {
		cells := []string{row.label}
		for _, s := range scenarios {
			x, y := row.value(r.at(s, own)), row.value(r.at(s, peer))
			by := ratio(x, y)
			if x > y && by != "1.00" && row.of != putTime {
				by = "**" + by + "**"
			}
			cells = append(cells, row.text(x)+" / "+row.text(y), by)
		}
		writeLine(b, cells)
	}
}

// single writes a table of one contender.
func (r results) single(b *strings.Builder, scenarios []scenario, rows []row, own contender) {
	heads := []string{own.name}
	for _, s := range scenarios {
		heads = append(heads, s.String())
	}
	writeHead(b, heads)
	for _, row := range r.measured(scenarios, rows, own) {
		cells := []string{row.label}
		for _, s := range scenarios {
			cells = append(cells, row.text(row.value(r.at(s, own))))
		}
		writeLine(b, cells)
	}
}

// measured leaves out rows without any value.
func (r results) measured(scenarios []scenario, rows []row, contenders ...contender) []row {
	return slices.DeleteFunc(slices.Clone(rows), func(w row) bool {
		for _, s := range scenarios {
			for _, c := range contenders {
				if len(r.at(s, c)[w.of]) > 0 {
					return false
				}
			}
		}
		return true
	})
}

func (w row) value(s samples) float64 { return w.reduce(s[w.of]) }

func (w row) text(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return w.format(v)
}

func writeHead(b *strings.Builder, cells []string) {
	writeLine(b, cells)
	fmt.Fprintf(b, "|---|%s\n", strings.Repeat("--:|", len(cells)-1))
}

func writeLine(b *strings.Builder, cells []string) {
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}
