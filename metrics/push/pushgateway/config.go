package pushgateway

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"concierge/metrics"
	"concierge/metrics/push/delivery"
)

// Defaults of [Config].
const (
	DefaultTimeout     = 10 * time.Second
	DefaultBeatTimeout = 3 * time.Second
	DefaultJob         = "concierge"
)

// Config says where and how to deliver. Only Server.URL has no default.
type Config struct {
	// Server has the URL of the Pushgateway, as in http://host:9091, or the whole
	// URL of an import, as in http://host:8428/api/v1/import/prometheus.
	Server delivery.Options
	// Import posts the text to the URL as it is.
	Import bool

	Timeout     time.Duration // of a whole push; 0 is DefaultTimeout
	BeatTimeout time.Duration // of a whole heartbeat; 0 is DefaultBeatTimeout

	Job      string          // if empty, DefaultJob
	Instance string          // if empty, the host of the snapshot
	Labels   []metrics.Label // more labels of the group
	// Withdraw lets [Target.Withdraw] remove the groups from the Pushgateway.
	Withdraw bool
}

// withDefaults returns the settings with nothing left open.
func (c Config) withDefaults() Config {
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.BeatTimeout = cmp.Or(c.BeatTimeout, DefaultBeatTimeout)
	c.Job = cmp.Or(c.Job, DefaultJob)
	c.Labels = slices.Clone(c.Labels)
	return c
}

func (c Config) validate() error {
	var errs []error
	if c.Timeout < 0 || c.BeatTimeout < 0 {
		errs = append(errs, errors.New("the timeout is negative: leave it out for the default"))
	}
	if c.Import && c.Withdraw {
		errs = append(errs, errors.New("what was imported cannot be deleted: leave out delete, which is for a Pushgateway"))
	}
	for i, l := range c.Labels {
		if !isLabelName(l.Name) {
			errs = append(errs, fmt.Errorf("label %q: a name has letters, digits and underscores, and begins with no digit", l.Name))
		}
		same := func(o metrics.Label) bool { return o.Name == l.Name }
		if l.Name == "job" || l.Name == "instance" || l.Name == partLabel || slices.ContainsFunc(c.Labels[:i], same) {
			errs = append(errs, fmt.Errorf("label %q is there already: job and instance have settings of their own, and %s is that of heartbeats", l.Name, partLabel))
		}
	}
	return errors.Join(errs...)
}

func isLabelName(name string) bool {
	for i, r := range name {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}
