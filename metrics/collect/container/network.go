package container

import (
	"context"
	"maps"
	"slices"

	"github.com/prometheus/procfs"

	"concierge/metrics"
)

// network measures the interfaces of the caller's network but loopback, in
// order of their names.
func (c *Collector) network(_ context.Context, a *account) error {
	fs, err := procfs.NewFS(c.proc)
	if err != nil {
		return err
	}
	self, err := fs.Self()
	if err != nil {
		return err
	}
	all, err := self.NetDev()
	if err != nil {
		return err
	}
	delete(all, "lo")
	names := slices.Sorted(maps.Keys(all))
	for _, name := range names[:min(len(names), mostOf)] {
		interfaces(a, all[name])
	}
	return nil
}

func interfaces(a *account, n procfs.NetDevLine) {
	const of = "container.network."
	name := metrics.Label{Name: "interface", Value: n.Name}
	a.counter(of+"receive_bytes", float64(n.RxBytes), name)
	a.counter(of+"receive_packets", float64(n.RxPackets), name)
	a.counter(of+"receive_errors", float64(n.RxErrors), name)
	a.counter(of+"receive_dropped", float64(n.RxDropped), name)
	a.counter(of+"transmit_bytes", float64(n.TxBytes), name)
	a.counter(of+"transmit_packets", float64(n.TxPackets), name)
	a.counter(of+"transmit_errors", float64(n.TxErrors), name)
	a.counter(of+"transmit_dropped", float64(n.TxDropped), name)
}
