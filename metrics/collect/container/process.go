package container

import (
	"context"

	"github.com/prometheus/procfs"
)

// process measures the process of the container: it alone, without what it
// started.
func (c *Collector) process(_ context.Context, a *account) error {
	if c.options.Process == nil {
		return nil
	}
	pid := c.options.Process()
	if pid == 0 {
		return nil
	}
	fs, err := procfs.NewFS(c.proc)
	if err != nil {
		return err
	}
	p, err := fs.Proc(pid)
	if err != nil {
		return nil // it has just ended, of which others tell
	}
	stat, err := p.Stat()
	if err != nil {
		return nil
	}
	a.counter("child.cpu_seconds", float64(stat.UTime+stat.STime)*tick)
	a.gauge("child.resident_bytes", float64(stat.ResidentMemory()))
	a.gauge("child.virtual_bytes", float64(stat.VirtualMemory()))
	a.gauge("child.threads", float64(stat.NumThreads))
	if at, err := c.began.of(stat); err == nil {
		a.gauge("child.start_time_seconds", at)
	}
	return c.descriptors(p, a)
}

// descriptors is for the owner of the process and root alone.
func (c *Collector) descriptors(p procfs.Proc, a *account) error {
	open, err := p.FileDescriptorsLen()
	if err != nil {
		return err
	}
	a.gauge("child.open_files", float64(open))
	limits, err := p.Limits()
	if err != nil {
		return err
	}
	a.gauge("child.open_files_limit", float64(limits.OpenFiles))
	return nil
}

// began remembers when the process was started: for that the kernel has to be
// asked when it was itself, in a file that is long on a large machine.
type began struct {
	pid   int
	ticks uint64
	at    float64 // Unix time in seconds
}

func (b *began) of(s procfs.ProcStat) (at float64, err error) {
	if b.pid != s.PID || b.ticks != s.Starttime {
		if at, err = s.StartTime(); err != nil {
			return 0, err
		}
		*b = began{s.PID, s.Starttime, at}
	}
	return b.at, nil
}
