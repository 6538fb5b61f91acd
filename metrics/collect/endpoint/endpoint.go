package endpoint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"concierge/metrics"
	"concierge/metrics/collect/dropwizard"
	"concierge/metrics/collect/exposition"
)

// Reader is where the text of an endpoint comes from: [*HTTP], [File] or
// [Command].
type Reader interface {
	// Read writes one answer to body and returns its content type, empty if
	// nobody says. It ends with ctx and with an error of body, and is called by
	// one goroutine.
	Read(ctx context.Context, body *Body) (contentType string, err error)
	// String names what is read, without secrets.
	String() string
}

// Options bound and steer an endpoint.
type Options struct {
	Format  Format        // default [Auto]
	Timeout time.Duration // of one reading; default 5 s
	// MaxBody is how many bytes an answer may have, also when it is inflated;
	// default 16 MiB.
	MaxBody int
	// MaxSamples is how many samples an answer may have; default 100,000.
	MaxSamples int
	// Wants is asked for each series of a Prometheus text before it is read: see
	// [exposition.Parser]. Nil wants all.
	Wants func(name, group string) bool
	// Document keeps the answer as it was, for targets that take it as a whole:
	// see [Endpoint.Document].
	Document bool
}

// The defaults.
const (
	DefaultTimeout    = 5 * time.Second
	DefaultMaxBody    = 16 << 20
	DefaultMaxSamples = 100_000
)

// Endpoint is a [metrics.Collector] that reads one endpoint.
type Endpoint struct {
	reader     Reader
	options    Options
	prometheus exposition.Parser
	json       dropwizard.Parser
	body       Body
	document   []byte
	size       int
}

var _ metrics.Collector = (*Endpoint)(nil)

// New returns the endpoint that r reads.
func New(r Reader, o Options) *Endpoint {
	o.Timeout = cmp.Or(max(o.Timeout, 0), DefaultTimeout)
	o.MaxBody = cmp.Or(max(o.MaxBody, 0), DefaultMaxBody)
	o.MaxSamples = cmp.Or(max(o.MaxSamples, 0), DefaultMaxSamples)
	return &Endpoint{
		reader: r, options: o, body: Body{limit: o.MaxBody},
		prometheus: exposition.Parser{Wants: o.Wants, Most: o.MaxSamples},
		json:       dropwizard.Parser{Most: o.MaxSamples},
	}
}

// Collect implements [metrics.Collector]. Its errors have a [Reason].
func (e *Endpoint) Collect(ctx context.Context, samples []metrics.Sample) ([]metrics.Sample, error) {
	e.document, e.size = nil, 0
	text, contentType, err := e.read(ctx)
	if err != nil {
		return samples, err
	}
	e.size = len(text)
	if e.options.Document {
		e.document = []byte(text)
	}
	format := e.options.Format
	if format == Auto {
		format = detect(contentType, text)
	}
	all, err := e.parse(samples, text, format)
	if err != nil {
		return samples, &failure{reasonOf(err, Unreadable), err}
	}
	return all, nil
}

// Document is the whole answer of the last Collect that could be read, nil
// without [Options.Document]. Nobody changes it, so it may be kept.
func (e *Endpoint) Document() []byte { return e.document }

// Size is how many bytes the answer of the last Collect had, inflated; 0 if it
// could not be read.
func (e *Endpoint) Size() int { return e.size }

func (e *Endpoint) read(ctx context.Context) (text, contentType string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, e.options.Timeout, timeout(e.options.Timeout))
	defer cancel()
	e.body.begin()
	contentType, err = e.reader.Read(ctx, &e.body)
	text = e.body.take()
	switch {
	case err == nil:
		return text, contentType, nil
	case ctx.Err() != nil:
		return "", "", &failure{TimedOut, fmt.Errorf("reading %s: %w", e.reader, e.late(ctx))}
	}
	return "", "", &failure{reasonOf(err, Unreachable), err}
}

// late is why a reading has ended before its time, or with it: whoever sets a
// deadline sets the same one.
func (e *Endpoint) late(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Cause(ctx)
	}
	return timeout(e.options.Timeout)
}

func (e *Endpoint) parse(samples []metrics.Sample, text string, f Format) ([]metrics.Sample, error) {
	switch f {
	case None:
		return samples, nil
	case Dropwizard:
		if err := springsIndex(text); err != nil {
			return samples, err
		}
		return e.json.Append(samples, text)
	case Prometheus, OpenMetrics:
		e.prometheus.OpenMetrics = f == OpenMetrics
		return e.prometheus.Append(samples, text)
	}
	return samples, errors.New("it is neither JSON nor Prometheus text: see the endpoint's address, and its format setting")
}
