package container

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/procfs"

	"concierge/metrics"
)

// Options say what is measured.
type Options struct {
	// Process returns the number of the process of the container, 0 if it does
	// not run; nil is none.
	Process func() int
	// Mounts are the mount points whose file systems are measured. Nil is those
	// that mount something of this machine, at most 16, one for each device.
	Mounts []string
	// Of is the number of a process in the control groups to look at; default
	// the caller itself.
	Of  int
	Log *slog.Logger // required
}

// mostOf bounds the file systems and the interfaces: a machine of containers
// has hundreds.
const mostOf = 16

// Collector is a [metrics.Collector] of what the container uses.
type Collector struct {
	options Options
	proc    string // the mount point of proc
	groups  *groups
	disks   disks
	began   began
	said    map[string]bool // parts whose absence was told
}

var _ metrics.Collector = (*Collector)(nil)

// New returns a collector. Nothing is read before its first Collect.
func New(o Options) *Collector {
	return &Collector{
		options: o, proc: procfs.DefaultMountPoint, said: make(map[string]bool),
		disks: disks{patience: time.Second, statfs: syscall.Statfs, result: make(chan []disk, 1)},
	}
}

// Collect implements [metrics.Collector]. All samples are of the Group
// container. Its error is that of ctx.
func (c *Collector) Collect(ctx context.Context, samples []metrics.Sample) ([]metrics.Sample, error) {
	if err := ctx.Err(); err != nil {
		return samples, fmt.Errorf("measuring the container: %w", context.Cause(ctx))
	}
	a := &account{samples: samples}
	for _, part := range []struct {
		name    string
		measure func(context.Context, *account) error
	}{
		{"control groups", c.controlGroups},
		{"file systems", c.fileSystems},
		{"network", c.network},
		{"process", c.process},
	} {
		c.tell(ctx, part.name, part.measure(ctx, a))
	}
	return a.samples, nil
}

// tell says once that a part cannot be measured, and again when it could
// meanwhile.
func (c *Collector) tell(ctx context.Context, part string, err error) {
	if err != nil && !c.said[part] {
		c.options.Log.DebugContext(ctx, "not measured", "part", part, "error", err)
	}
	c.said[part] = err != nil
}

// account is where samples go.
type account struct{ samples []metrics.Sample }

func (a *account) gauge(name string, value float64, labels ...metrics.Label) {
	a.add(metrics.Sample{Name: name, Value: value, Labels: labels})
}

func (a *account) counter(name string, value float64, labels ...metrics.Label) {
	a.add(metrics.Sample{Name: name, Kind: metrics.Counter, Value: value, Labels: labels})
}

func (a *account) add(s metrics.Sample) {
	s.Group = "container"
	s.Raw = strconv.FormatFloat(s.Value, 'f', -1, 64) // an exponent does not fit a whole-number item
	a.samples = append(a.samples, s)
}
