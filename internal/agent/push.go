package agent

import (
	"bufio"
	"context"
	"encoding/json"
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
	"concierge/metrics/push/zabbix"
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
	m := measuring{cfg: cfg.Metrics, log: o.Log, environ: o.Environ, runner: b.children, pid: func() int { return 0 }}
	if b.Options, err = m.options(); err == nil {
		err = b.only(o.Target)
	}
	if err != nil {
		b.close()
		return nil, err
	}
	b.seen = newOnlooker(o.Log, nil)
	b.Observer = b.seen
	b.Life = func() cycle.Life { return cycle.Life{Alive: true, Exit: -1} }
	return b, nil
}

func (b *bench) close() { b.children.Close() }

// only leaves one target.
func (b *bench) only(name string) error {
	if name == "" {
		return nil
	}
	var known []string
	for _, s := range b.Sinks {
		known = append(known, s.Name)
	}
	b.Sinks = slices.DeleteFunc(b.Sinks, func(s cycle.Sink) bool { return s.Name != name })
	if len(b.Sinks) == 0 {
		return exit.With(exit.Usage, fmt.Errorf("there is no target %q (known: %s)", name, strings.Join(known, ", ")))
	}
	return nil
}

// PushOnce reads everything once, delivers it, and prints for each target what
// it took: milliseconds, 0 if it failed, -1 if there was no answer in time. Of
// one target only the number is printed, for a server that triggers it.
func PushOnce(ctx context.Context, o PushOptions) error {
	b, err := newBench(o)
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
	if err := errors.Join(errs...); err != nil {
		return exit.With(exit.Failed, err)
	}
	return b.unread()
}

var errNotMeasured = errors.New("nothing is measured (add a metrics section with collect and push to the configuration)")

var errNoTarget = errors.New("there is no target (add one below metrics.push; --dry-run shows what would be sent)")

// PushPreview reads everything once and prints what would be delivered to each
// target. It connects to none.
func PushPreview(ctx context.Context, o PushOptions) error {
	b, err := newBench(o)
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
	snapshot = s.Refined(snapshot)
	if p, ok := s.Target.(previewer); ok {
		return p.Preview(w, snapshot)
	}
	printSamples(w, snapshot)
	return nil
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

// Discover reads everything once and prints what Zabbix servers would be told
// of the metrics: for each rule its key and its document.
func Discover(ctx context.Context, o PushOptions) error {
	b, err := newBench(o)
	if err != nil {
		return err
	}
	defer b.close()
	snapshot := cycle.Measure(ctx, b.Options)
	found := false
	encoder := json.NewEncoder(o.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	for _, s := range b.Sinks {
		target, ok := s.Target.(*zabbix.Target)
		if !ok {
			continue
		}
		found = true
		documents := make(map[string]json.RawMessage)
		for _, a := range target.Announcements(s.Refined(snapshot)) {
			documents[a.Key] = json.RawMessage(a.Document)
		}
		if err := encoder.Encode(documents); err != nil {
			return err
		}
	}
	if !found {
		return exit.With(exit.Config, errors.New("no target is told which metrics there are (only Zabbix is: metrics.push.NAME.zabbix)"))
	}
	return b.unread()
}
