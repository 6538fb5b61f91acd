package census

import (
	"maps"
	"slices"
)

// Sample is one value for a monitoring system.
type Sample struct {
	Name  string // cluster.running
	Of    string // metric of cluster.sum, cluster.avg, cluster.min and cluster.max
	Value float64
}

// Samples are the numbers of the service, if this instance leads: one source of
// them is enough. cluster.leader is always 1; that it is missing everywhere is
// worth an alarm. What is not known is left out.
func (c *Clerk) Samples() []Sample {
	if _, leading := c.cfg.Office.Leading(); !leading {
		return nil
	}
	samples := []Sample{{Name: "cluster.leader", Value: 1}}
	counts, ok := c.Counts()
	if !ok {
		return samples
	}
	if counts.Wanted > 0 {
		samples = append(samples, Sample{Name: "cluster.wanted", Value: float64(counts.Wanted)})
	}
	samples = append(samples,
		Sample{Name: "cluster.running", Value: float64(counts.Running)},
		Sample{Name: "cluster.responding", Value: float64(counts.Responding)},
		Sample{Name: "cluster.diverged", Value: float64(counts.Diverged)})
	for _, name := range slices.Sorted(maps.Keys(counts.Numbers)) {
		n := counts.Numbers[name]
		samples = append(samples,
			Sample{"cluster.sum", name, n.Sum}, Sample{"cluster.avg", name, n.Avg},
			Sample{"cluster.min", name, n.Min}, Sample{"cluster.max", name, n.Max})
	}
	return samples
}
