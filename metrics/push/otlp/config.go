package otlp

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"

	"concierge/metrics/push/delivery"
)

// Defaults of [Config].
const (
	DefaultTimeout     = 10 * time.Second
	DefaultBeatTimeout = 3 * time.Second
	DefaultService     = "concierge"
)

// Config says where and how to deliver. Only Server.URL has no default.
type Config struct {
	// Server has the whole URL: http://host:4318/v1/metrics of a collector,
	// http://host:9090/api/v1/otlp/v1/metrics of Prometheus.
	Server delivery.Options

	Timeout     time.Duration // of a whole push; 0 is DefaultTimeout
	BeatTimeout time.Duration // of a whole heartbeat; 0 is DefaultBeatTimeout
	MaxPoints   int           // in one request; 0 is no limit
	Plain       bool          // requests are not compressed

	// Service is the resource attribute service.name; if empty, DefaultService.
	Service string
	// Host is service.instance.id; if empty, that of the snapshot.
	Host string
	// Resource are more resource attributes; they win over the above.
	Resource map[string]string
	// Started is since when counters count: the start of the process that is
	// measured. Nil is the making of the target.
	Started func() time.Time

	Now func() time.Time // nil is time.Now
	Log *slog.Logger     // nil logs nothing
}

// withDefaults returns the settings with nothing left open.
func (c Config) withDefaults() Config {
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.BeatTimeout = cmp.Or(c.BeatTimeout, DefaultBeatTimeout)
	c.Service = cmp.Or(c.Service, DefaultService)
	c.Resource = maps.Clone(c.Resource)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Started == nil {
		began := c.Now()
		c.Started = func() time.Time { return began }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c Config) validate() error {
	var errs []error
	if c.Timeout < 0 || c.BeatTimeout < 0 {
		errs = append(errs, errors.New("the timeout is negative: leave it out for the default"))
	}
	if c.MaxPoints < 0 {
		errs = append(errs, fmt.Errorf("at most %d values in a request: leave it out for no limit", c.MaxPoints))
	}
	if _, ok := c.Resource[""]; ok {
		errs = append(errs, errors.New("a resource attribute has no name"))
	}
	return errors.Join(errs...)
}

// attributes are those of the resource, sorted by name.
func (c Config) attributes(host string) []*common.KeyValue {
	all := map[string]string{"service.name": c.Service, "service.instance.id": cmp.Or(c.Host, host)}
	maps.Copy(all, c.Resource)
	var list []*common.KeyValue
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, attribute(name, all[name]))
	}
	return list
}

func attribute(name, value string) *common.KeyValue {
	return &common.KeyValue{Key: valid(name), Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: valid(value)}}}
}
