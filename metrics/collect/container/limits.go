package container

import (
	"log/slog"
)

// Limits is what this process may use, as the nearest of its control groups
// says it; 0 is no limit.
type Limits struct {
	Cores  float64
	Memory int64 // bytes
}

// ReadLimits reads the limits of the caller's control groups. Where there are none
// it returns no limits.
func ReadLimits() Limits {
	g, err := New(Options{Log: slog.New(slog.DiscardHandler)}).find()
	if err != nil {
		return Limits{}
	}
	var a account
	g.measure(&a)
	var l Limits
	for _, s := range a.samples {
		switch s.Name {
		case cpuLimit:
			l.Cores = s.Value
		case memoryLimit:
			l.Memory = int64(s.Value)
		}
	}
	return l
}
