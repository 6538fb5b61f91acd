package bench

import (
	"fmt"
	"math"
	"strings"
)

// bar is a figure that is to be reached.
type bar struct {
	work   string
	limit  string
	most   float64
	value  float64 // NaN if it was not measured
	format func(float64) string
}

func (b bar) verdict() string {
	switch {
	case math.IsNaN(b.value):
		return "not measured"
	case b.value <= b.most:
		return "met"
	}
	return "**not met**"
}

// writeBars prints a table. A partial one leaves out what was not measured.
func writeBars(b *strings.Builder, bars []bar, partial bool) {
	writeHead(b, []string{"work", "to be reached", "measured", ""})
	for _, bar := range bars {
		measured := "–"
		if partial && math.IsNaN(bar.value) {
			continue
		}
		if !math.IsNaN(bar.value) {
			measured = bar.format(bar.value)
		}
		writeLine(b, []string{bar.work, bar.limit, measured, bar.verdict()})
	}
}

func (r report) bars() []bar {
	var all []bar
	for _, some := range [][]bar{r.oneShotBars(), r.manyBars(), r.oneKeyBars(), r.daemonBars(), r.startBars()} {
		all = append(all, some...)
	}
	return all
}

// middle is the median of what a contender needed, NaN if it was not measured.
func (r report) middle(contender string, s scenario, q quantity) float64 {
	return median(r.results[cell{s, contender}][q])
}

// atMost judges a quantity of concierge.
func (r report) atMost(work string, s scenario, q quantity, limit string, most float64, format func(float64) string) bar {
	return bar{s.store + ", " + s.String() + ": " + work, limit, most, r.middle("concierge", s, q), format}
}

// beside judges a quantity of concierge divided by a peer's.
func (r report) beside(work string, s scenario, q quantity, peer, limit string, most float64) bar {
	return bar{
		work:  s.store + ", " + s.String() + ": " + work,
		limit: limit + " × " + peer, most: most,
		value:  r.middle("concierge", s, q) / r.middle(peer, s, q),
		format: times,
	}
}

func times(v float64) string { return ratio(v, 1) }

func count(v float64) string { return fmt.Sprint(int(v)) }

// oneShotBars are about many keys below one prefix.
func (r report) oneShotBars() []bar {
	var all []bar
	for _, store := range []string{"Consul", "etcd"} {
		keys := scenario{store: store, keys: r.largest()}
		tree := scenario{store: store, keys: r.largest(), form: oneTree}
		onConsul := scenario{store: "Consul", keys: r.largest()}
		own := r.middle("concierge", keys, onceTime)
		all = append(all,
			bar{fmt.Sprintf("%s, %s: one shot", store, keys), "≤ 1/15 × consul-template on Consul", 1. / 15,
				own / r.middle("consul-template", onConsul, onceTime), times},
			bar{fmt.Sprintf("%s, %s: one shot", store, keys), "≤ 1.3 × its own tree", 1.3,
				own / r.middle("concierge", tree, onceTime), times},
			r.atMost("peak memory of one shot", keys, onceMemory, "≤ 60 MB", 60e6, megabytes),
			r.atMost("most descriptors of one shot", keys, onceDescriptors, "≤ 40", 40, count))
	}
	return append(all,
		r.atMost("refusals (429) under default limits", scenario{store: "Consul", keys: r.largest()}, onceRefused, "0", 0, count),
		r.beside("one shot", scenario{store: "Consul", keys: r.largest(), form: oneTree}, onceTime, "consul-template", "≤ 0.7", 0.7))
}

// manyBars are about keys of many prefixes, and about many templates.
func (r report) manyBars() []bar {
	sparse := scenario{store: "Consul", keys: r.sparse, form: oneInTen}
	templates := scenario{store: "Consul", keys: r.templates, form: ownTemplates}
	return []bar{
		r.beside("one shot", sparse, onceTime, "consul-template", "≤ 1/5", 1./5),
		r.atMost("peak memory of one shot", sparse, onceMemory, "≤ 120 MB", 120e6, megabytes),
		r.atMost("peak memory of one shot", scenario{store: "etcd", keys: r.sparse, form: oneInTen}, onceMemory, "≤ 120 MB", 120e6, megabytes),
		r.beside("first rendering", templates, onceTime, "consul-template", "≤ 1/4", 1./4),
		r.beside("CPU time of one change", templates, changeCPU, "consul-template", "≤ 1/50", 1./50),
	}
}

// oneKeyBars are about the way of one change.
func (r report) oneKeyBars() []bar {
	onConsul, onEtcd := scenario{store: "Consul", keys: 1}, scenario{store: "etcd", keys: 1}
	child := scenario{store: "Consul", keys: 1, form: withChild}
	return []bar{
		r.beside("change to file", onConsul, latency, "consul-template", "≤ 0.7", 0.7),
		r.beside("change to file", onConsul, latency, "bare client", "≤ 1.5", 1.5),
		r.beside("change to file", onEtcd, latency, "confd", "≤ 0.7", 0.7),
		r.beside("change to file", onEtcd, latency, "bare client", "≤ 1.5", 1.5),
		r.atMost("file to signal", child, signalLag, "≤ 1 ms", 1e-3, seconds),
	}
}

// daemonBars are about a daemon with many keys.
func (r report) daemonBars() []bar {
	var all []bar
	for _, store := range []struct {
		name, limit string
		most        float64
	}{{"Consul", "≤ 10 ms", 10e-3}, {"etcd", "≤ 6 ms", 6e-3}} {
		for _, f := range []form{keyCalls, oneTree} {
			s := scenario{store: store.name, keys: r.largest(), form: f}
			all = append(all,
				r.atMost("change to file", s, latency, store.limit, store.most, seconds),
				r.atMost("connections of a daemon", s, connections, "≤ 64", 64, count),
				r.atMost("peak memory of a daemon", s, daemonMemory, "≤ 60 MB", 60e6, megabytes))
		}
		all = append(all, r.atMost("CPU time of an idle minute", scenario{store: store.name, keys: r.largest()},
			idleCPU, "≤ 0.05 s", 0.05, seconds))
	}
	return all
}

func (r report) startBars() []bar {
	return []bar{r.beside("one shot, whole process", coldStart("Consul"), onceTime, "consul-template", "≤ 1", 1)}
}
