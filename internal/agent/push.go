package agent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"concierge/internal/config"
	"concierge/internal/exit"
	"concierge/metrics"
	"concierge/metrics/cycle"
	"concierge/reload/process"
)

// PushOptions say what the metrics are pushed by without an instance.
type PushOptions struct {
	Load    func() (*config.Config, error)
	Log     *slog.Logger
	Environ []string
	Stdout  io.Writer
	Target  string // by name; empty is all
}

// bench is what measures without an instance.
type bench struct {
	PushOptions
	cycle.Options
	children *process.Children
	seen     *onlooker
}

// unread is a failure of what was to be read, with its exit status.
func (b *bench) unread() error {
	if err := b.seen.failed(); err != nil {
		return exit.With(exit.Failed, err)
	}
	return nil
}

// newBench reads the configuration. close has to follow.
func newBench(o PushOptions) (*bench, error) {
	cfg, err := o.Load()
	if err != nil {
		return nil, err
	}
	if cfg.Metrics == nil {
		return nil, exit.With(exit.Config, errNotMeasured)
	}
	b := &bench{PushOptions: o, children: process.NewChildren(o.Log)}
	m := measuring{cfg: cfg.Metrics, where: cfg.Where, log: o.Log, environ: o.Environ, runner: b.children, pid: func() int { return 0 }}
	if b.Options, err = m.options(); err == nil {
		err = b.only(o.Target)
	}
	if err != nil {
		b.close()
		return nil, err
	}
	b.look(o.Log)
	b.Life = func() cycle.Life { return cycle.Life{Alive: true, Exit: -1} }
	return b, nil
}

func (b *bench) close() { b.children.Close() }

// look notes what cannot be read, and logs it.
func (b *bench) look(log *slog.Logger) {
	b.seen = newOnlooker(log, nil)
	b.Observer = b.seen
}

// newGlance reads the configuration for one reading, whose failures are in the
// error at its end and need no log.
func newGlance(o PushOptions) (*bench, error) {
	b, err := newBench(o)
	if err == nil {
		b.look(slog.New(slog.DiscardHandler))
	}
	return b, err
}

// only leaves the target with this name; of one that has several servers all, or
// the one with the number.
func (b *bench) only(name string) error {
	if name == "" {
		return nil
	}
	var known []string
	for _, s := range b.Sinks {
		known = append(known, s.Name)
	}
	b.Sinks = slices.DeleteFunc(b.Sinks, func(s cycle.Sink) bool { return s.Name != name && s.Entry != name })
	if len(b.Sinks) == 0 {
		return exit.With(exit.Usage, fmt.Errorf("there is no target %q (known: %s)", name, strings.Join(known, ", ")))
	}
	return nil
}

// PushOnce reads everything once, delivers it, and prints for each target what
// it took: milliseconds, 0 if it failed, -1 if there was no answer in time. Of
// one target only the number is printed, for a server that triggers it.
func PushOnce(ctx context.Context, o PushOptions) error {
	b, err := newGlance(o)
	if err != nil {
		return err
	}
	defer b.close()
	if len(b.Sinks) == 0 {
		return exit.With(exit.Config, errNoTarget)
	}
	snapshot := cycle.Measure(ctx, b.Options)
	outcomes := make([]cycle.Outcome, len(b.Sinks))
	var work sync.WaitGroup
	for i, s := range b.Sinks {
		work.Go(func() { outcomes[i] = cycle.Deliver(ctx, s, s.Refined(snapshot)) })
	}
	work.Wait()
	var errs []error
	for _, out := range outcomes {
		if len(outcomes) == 1 {
			fmt.Fprintln(o.Stdout, out.Elapsed)
		} else {
			fmt.Fprintln(o.Stdout, out.Target, out.Elapsed)
		}
		if out.Err != nil {
			errs = append(errs, fmt.Errorf("pushing to %s: %w", out.Target, out.Err))
			continue
		}
		r := out.Receipt
		o.Log.Info("metrics delivered", "target", out.Target, "accepted", r.Accepted, "rejected", r.Rejected,
			"filtered", r.Filtered, "not_numeric", r.NotNumeric, "bytes", r.WireBytes, "took", time.Duration(out.Elapsed)*time.Millisecond)
	}
	if err := errors.Join(append(errs, b.seen.failed())...); err != nil {
		return exit.With(exit.Failed, err)
	}
	return nil
}

var errNotMeasured = errors.New("nothing is measured (add a metrics section with collect and push to the configuration)")

var errNoTarget = errors.New("there is no target (add one below metrics.push; --dry-run shows what would be sent)")

// PushPreview reads everything once and prints what would be delivered to each
// target. It connects to none.
func PushPreview(ctx context.Context, o PushOptions) error {
	b, err := newGlance(o)
	if err != nil {
		return err
	}
	defer b.close()
	snapshot := cycle.Measure(ctx, b.Options)
	out := bufio.NewWriter(o.Stdout)
	if len(b.Sinks) == 0 {
		printSamples(out, snapshot)
	}
	for _, s := range b.Sinks {
		if len(b.Sinks) > 1 {
			fmt.Fprintf(out, "# %s\n", s.Name)
		}
		if err := preview(out, s, snapshot); err != nil {
			return exit.With(exit.Failed, err)
		}
	}
	return errors.Join(out.Flush(), b.unread())
}

// previewer is a target that can show what it would send.
type previewer interface {
	Preview(w io.Writer, s *metrics.Snapshot) error
}

func preview(w io.Writer, s cycle.Sink, snapshot *metrics.Snapshot) error {
	p, ok := s.Target.(previewer)
	if !ok {
		return fmt.Errorf("target %s cannot show what it would send", s.Name)
	}
	return p.Preview(w, s.Refined(snapshot))
}

// printSamples prints one value a line.
func printSamples(w io.Writer, s *metrics.Snapshot) {
	for _, sample := range s.Samples {
		fmt.Fprintf(w, "%s %s\n", sample.Path(), sample.Written())
	}
}

// PushOn measures and delivers until ctx ends, without looking after a process.
func PushOn(ctx context.Context, o PushOptions) error {
	b, err := newBench(o)
	if err != nil {
		return err
	}
	defer b.close()
	if len(b.Sinks) == 0 {
		return exit.With(exit.Config, errNoTarget)
	}
	engine := cycle.Start(b.Options)
	<-ctx.Done()
	engine.Close(lastWords, cycle.Life{Exit: 0})
	return nil
}
