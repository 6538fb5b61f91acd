package usage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// Limits are what a process group may take before it counts as a runaway.
type Limits struct {
	Memory int64   // bytes of resident memory, see [Usage]; 0: no limit
	CPU    float64 // processors, such as 1.5; 0: no limit
	// For is how long usage has to be above a limit at every look; default
	// 30 s.
	For time.Duration
	// Interval is the time between two looks; default 5 s. Usage of processors
	// is the average between two.
	Interval time.Duration
}

// Defaults of Limits.
const (
	defaultFor      = 30 * time.Second
	defaultInterval = 5 * time.Second
)

// closest is the shortest interval: times are counted in hundredths of a second.
const closest = 50 * time.Millisecond

// Validate reports every limit that cannot be, and what to write.
func (l Limits) Validate() error {
	var errs []error
	if l.Memory < 0 {
		errs = append(errs, fmt.Errorf("the memory limit is %d bytes: write a positive size, or leave it out", l.Memory))
	}
	if l.CPU < 0 || math.IsNaN(l.CPU) {
		errs = append(errs, fmt.Errorf("the limit of processors is %g: write a positive number, or leave it out", l.CPU))
	}
	if l.For < 0 {
		errs = append(errs, fmt.Errorf("the time above a limit is %s: write how long a peak may last, such as 30s", l.For))
	}
	if l.Interval != 0 && l.Interval < closest {
		errs = append(errs, fmt.Errorf("the interval between looks is %s: write at least %s", l.Interval, closest))
	}
	return errors.Join(errs...)
}

// What is limited.
const (
	Memory = "memory"
	CPU    = "cpu"
)

// Exceeded says that a group took too much for too long.
type Exceeded struct {
	What         string  // Memory or CPU
	Value, Limit float64 // bytes or processors; Value is that of the last look
	For          time.Duration
}

func (e *Exceeded) Error() string {
	if e.What == Memory {
		const mib = 1 << 20
		return fmt.Sprintf("memory has been above its limit of %.4g MiB for %s and is %.4g MiB now",
			e.Limit/mib, e.For.Round(time.Millisecond), e.Value/mib)
	}
	return fmt.Sprintf("more processors than the limit of %.4g have been used for %s, now %.4g",
		e.Limit, e.For.Round(time.Millisecond), e.Value)
}

// Watch looks at a group until ctx ends, whose error it returns then, or until
// usage has been above a limit for too long: then the error is an [*Exceeded].
// A group of which nothing runs takes nothing. Other errors are those of
// Validate and of an unreadable /proc.
//
// A look costs about half a millisecond on a machine (or in a container) with
// 200 processes. Only while the group has several processes and the sum of their
// resident sets is above the limit of memory does it cost more, see [Read].
func Watch(ctx context.Context, pgid int, l Limits) error {
	if err := l.Validate(); err != nil {
		return err
	}
	l.For, l.Interval = cmp.Or(l.For, defaultFor), cmp.Or(l.Interval, defaultInterval)
	memory := excess{what: Memory, limit: float64(l.Memory), bound: l.For}
	cpu := excess{what: CPU, limit: l.CPU, bound: l.For}
	enough := cmp.Or(l.Memory, math.MaxInt64)
	tick := time.NewTicker(l.Interval)
	defer tick.Stop()
	var before group // long ago and empty, so that the first look finds no use of processors
	for {
		now, err := scan(pgid)
		if err != nil {
			return err
		}
		if e := cmp.Or(memory.look(now.at, float64(now.memory(enough))), cpu.look(now.at, now.processors(before))); e != nil {
			return e
		}
		before = now
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// excess is how long usage has been above one limit.
type excess struct {
	what  string
	limit float64 // 0: none
	bound time.Duration
	since time.Time // of the first look above the limit; zero: below
}

// look takes the usage at one time. It returns an error once the usage was
// above the limit for too long.
func (e *excess) look(at time.Time, value float64) *Exceeded {
	if e.limit == 0 || value <= e.limit {
		e.since = time.Time{}
		return nil
	}
	if e.since.IsZero() {
		e.since = at
	}
	if above := at.Sub(e.since); above >= e.bound {
		return &Exceeded{What: e.what, Value: value, Limit: e.limit, For: above}
	}
	return nil
}
