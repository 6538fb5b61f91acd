package census

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"concierge/cluster/member"
)

// Counts are the numbers of a service at one moment.
type Counts struct {
	// Wanted is how many there should be, as somebody said; 0 is that nobody did.
	Wanted int `json:"wanted"`
	// Running is how many have a record that is kept alive.
	Running int `json:"running"`
	// Responding is how many of these said that they are well.
	Responding int `json:"responding"`
	// Diverged is how many of these said that they have applied something else
	// than they should.
	Diverged int `json:"diverged"`
	// Numbers are those of the instances, by the name of the metric. One that no
	// instance tells is not there.
	Numbers map[string]Number `json:"numbers,omitempty"`
}

// Number is a metric over the instances that told it.
type Number struct {
	Sum float64 `json:"sum"`
	Avg float64 `json:"avg"`
	Min float64 `json:"min"`
	Max float64 `json:"max"`
	Of  int     `json:"of"` // how many told it
}

// Equal reports whether both are the same.
func (c Counts) Equal(o Counts) bool {
	return c.Wanted == o.Wanted && c.Running == o.Running && c.Responding == o.Responding &&
		c.Diverged == o.Diverged && maps.Equal(c.Numbers, o.Numbers)
}

// Healthy is the health in the status of an instance that responds. Any other
// word is another health.
const Healthy = "healthy"

// well reports whether an instance said, in this life, that it is well. Its
// lease is the heartbeat: of one that is silent there is no record.
func well(p member.Peer) bool { return p.Status != nil && p.Status.Health == Healthy }

// Count counts. targets are the releases that should be applied, by set; for
// sets without one it is the release that most have. names are the metrics that
// are summed up.
func Count(peers []member.Peer, wanted int, targets map[string]string, names []string) Counts {
	c := Counts{Wanted: wanted, Running: len(peers)}
	targets = complete(targets, peers)
	for _, p := range peers {
		if well(p) {
			c.Responding++
		}
		if diverged(p, targets) {
			c.Diverged++
		}
	}
	for _, name := range names {
		n, ok := sumUp(peers, name)
		if !ok {
			continue
		}
		if c.Numbers == nil {
			c.Numbers = make(map[string]Number)
		}
		c.Numbers[name] = n
	}
	return c
}

// diverged reports whether an instance has something else applied. Who has not
// said a word yet has not diverged.
func diverged(p member.Peer, targets map[string]string) bool {
	if p.Status == nil || len(p.Status.Releases) == 0 {
		return false
	}
	for set, release := range targets {
		if p.Status.Releases[set] != release {
			return true
		}
	}
	return false
}

// complete adds what most have of the sets that have no target; of releases that
// as many have it is the first by name, so that every leader takes the same.
func complete(targets map[string]string, peers []member.Peer) map[string]string {
	have := make(map[string]map[string]int) // by set and release
	for _, p := range peers {
		if p.Status == nil {
			continue
		}
		for set, release := range p.Status.Releases {
			if have[set] == nil {
				have[set] = make(map[string]int)
			}
			have[set][release]++
		}
	}
	all := make(map[string]string, len(have)+len(targets))
	for set, releases := range have {
		all[set] = slices.MaxFunc(slices.Sorted(maps.Keys(releases)), func(a, b string) int { return cmp.Compare(releases[a], releases[b]) })
	}
	maps.Copy(all, targets)
	return all
}

// sumUp is false when no instance tells the number, or the sum is none.
func sumUp(peers []member.Peer, name string) (n Number, ok bool) {
	n.Min, n.Max = math.Inf(1), math.Inf(-1)
	for _, p := range peers {
		if p.Status == nil {
			continue
		}
		value, told := p.Status.Numbers[name]
		if !told || math.IsNaN(value) {
			continue
		}
		n.Of++
		n.Sum += value
		n.Min, n.Max = min(n.Min, value), max(n.Max, value)
	}
	n.Avg = n.Sum / float64(n.Of)
	return n, n.Of > 0 && !math.IsInf(n.Sum, 0) && !math.IsNaN(n.Sum)
}
