package zabbix_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"concierge/internal/testserver"
	"concierge/metrics"
)

func snapshot(samples []metrics.Sample) *metrics.Snapshot {
	return &metrics.Snapshot{At: time.Now(), Host: "measured", Samples: samples}
}

// sum is how many failovers there were.
func sum(f metrics.Failovers) int { return f.Refused + f.TimedOut + f.Redirected }

func gauge(name string, v float64) metrics.Sample {
	return metrics.Sample{Name: name, Group: "gauges", Value: v}
}

// timers makes 17 samples for each of n timers, as a Dropwizard application has
// them, the same ones at every call.
func timers(n int) []metrics.Sample {
	fields := []string{"count", "max", "mean", "min", "p50", "p75", "p95", "p98", "p99", "p999", "stddev",
		"m15_rate", "m1_rate", "m5_rate", "mean_rate", "total", "last"}
	random := rand.New(rand.NewPCG(1, 2))
	samples := make([]metrics.Sample, 0, n*len(fields))
	for i := range n {
		name := fmt.Sprintf("com.example.shop.service.Orders%d.latency-of-%d", i%97, i)
		for _, f := range fields {
			v := random.ExpFloat64()
			samples = append(samples, metrics.Sample{Name: name, Field: f, Group: "timers", Value: v, Raw: fmt.Sprint(v)})
		}
	}
	return samples
}

// itemsOf returns the items that samples of timers and series go to.
func itemsOf(s *metrics.Snapshot, kind testserver.ZabbixType) []testserver.ZabbixItem {
	items := make([]testserver.ZabbixItem, 0, len(s.Samples))
	for _, m := range s.Samples {
		items = append(items, testserver.ZabbixItem{Key: fmt.Sprintf("app.timer[%s,%s]", m.Name, m.Field), Type: kind})
	}
	return items
}
