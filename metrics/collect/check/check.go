// Package check runs programs that look after something and say how it is, in
// the manner of Nagios, Sensu and the Monitoring Plugins: an exit status from 0
// to 3, a line of text, and behind a bar what was measured.
package check

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"concierge/metrics"
	"concierge/metrics/collect/program"
)

// The verdicts, which are exit statuses.
const (
	OK       = 0
	Warning  = 1
	Critical = 2
	Unknown  = 3 // also any other status, a signal, and a program that cannot be run
)

// Check is a [metrics.Collector] that runs one program.
type Check struct {
	Name    string // required
	Program program.Program
	Timeout time.Duration // default 10 s; then its process group is killed
	// MaxOutput is how many bytes of output are looked at; the rest is not
	// kept, and who prints 16 times as much is killed. Default 64 KiB.
	MaxOutput int
	Log       *slog.Logger // of a program that cannot be run, once a turn; nil logs nothing

	absent bool // the log says so
}

const (
	defaultTimeout   = 10 * time.Second
	defaultMaxOutput = 64 << 10
	lineMax          = 255 // bytes of a text that every monitoring server stores
	perfMost         = 500
)

var _ metrics.Collector = (*Check)(nil)

// Collect implements [metrics.Collector]. It appends, of the Group checks and
// with the name of the check as label check:
//   - check.status, 0 to 3;
//   - check.output, a [metrics.Text]: the first line of output without what is
//     behind the bar, or why there is none;
//   - check.value for each measured value, with its label as the label value
//     and its unit, if it has one, as the label unit.
//
// A check that cannot be run or does not end in time is Unknown, not an error:
// that is what its status is for. The error is that of ctx.
func (c *Check) Collect(ctx context.Context, samples []metrics.Sample) ([]metrics.Sample, error) {
	limit := cmp.Or(max(c.Timeout, 0), defaultTimeout)
	inTime, cancel := context.WithTimeoutCause(ctx, limit, late(limit))
	defer cancel()
	out := head{limit: cmp.Or(max(c.MaxOutput, 0), defaultMaxOutput)}
	ended, err := c.Program.Run(inTime, &out)
	if ctx.Err() != nil {
		return samples, fmt.Errorf("check %q: %w", c.Name, context.Cause(ctx))
	}
	c.note(err)
	status, text, perf := verdict(ended, err, out.String())
	return append(c.append(samples, status, text), c.values(perf)...), nil
}

// note logs when a program cannot be run or does not end, and when it does again.
func (c *Check) note(err error) {
	was := c.absent
	c.absent = err != nil
	switch {
	case c.Log == nil:
	case c.absent && !was:
		c.Log.Warn("check was not run: its status is 3, unknown", "check", c.Name, "error", err)
	case was && !c.absent:
		c.Log.Info("check is run again", "check", c.Name)
	}
}

// verdict is what the end and the output of a program say.
func verdict(ended program.Ended, err error, output string) (status int, text, perf string) {
	text, perf = split(output)
	if err != nil {
		return Unknown, program.Line(err.Error(), lineMax), perf
	}
	status = ended.Status
	if status < OK || status > Unknown {
		status = Unknown
	}
	text = cmp.Or(program.Line(text, lineMax), ended.Said, ended.How)
	return status, text, perf
}

// split takes an output apart: a first line of text, with perfdata behind a
// bar, more lines of text, and again a bar and more lines of perfdata.
func split(output string) (text, perf string) {
	first, more, _ := strings.Cut(output, "\n")
	text, perf, _ = strings.Cut(first, "|")
	if _, rest, ok := strings.Cut(more, "|"); ok {
		perf += "\n" + rest
	}
	return text, perf
}

func (c *Check) append(samples []metrics.Sample, status int, text string) []metrics.Sample {
	labels := []metrics.Label{{Name: "check", Value: c.Name}}
	return append(samples,
		metrics.Sample{Name: "check.status", Group: "checks", Labels: labels, Value: float64(status)},
		metrics.Sample{Name: "check.output", Group: "checks", Labels: labels, Kind: metrics.Text, Raw: text},
	)
}

// values are the samples of perfdata. What cannot be read in it is left out:
// plugins are old and many, and the status is what counts.
func (c *Check) values(perf string) []metrics.Sample {
	measured, _ := ParsePerf(perf, perfMost)
	samples := make([]metrics.Sample, 0, len(measured))
	for _, p := range measured {
		s := metrics.Sample{Name: "check.value", Group: "checks", Value: p.Value, Raw: p.Raw}
		s.Labels = append(s.Labels, metrics.Label{Name: "check", Value: c.Name})
		if p.Unit == "c" {
			s.Kind = metrics.Counter
		} else if p.Unit != "" {
			s.Labels = append(s.Labels, metrics.Label{Name: "unit", Value: p.Unit})
		}
		s.Labels = append(s.Labels, metrics.Label{Name: "value", Value: p.Label})
		samples = append(samples, s)
	}
	return samples
}

// head keeps the first bytes written to it, and takes 16 times as many.
type head struct {
	bytes.Buffer
	limit   int
	written int
}

func (h *head) Write(p []byte) (int, error) {
	if h.written += len(p); h.written > 16*h.limit {
		return 0, fmt.Errorf("it prints more than %d bytes", 16*h.limit)
	}
	h.Buffer.Write(p[:min(len(p), h.limit-h.Len())])
	return len(p), nil
}

// late is the cause of the end of a check that takes too long.
type late time.Duration

func (l late) Error() string {
	return "not finished after " + time.Duration(l).String() + " (see its timeout setting)"
}
