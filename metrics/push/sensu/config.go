package sensu

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"concierge/metrics/push/delivery"
)

// Defaults of [Config].
const (
	DefaultURL     = "http://127.0.0.1:3031/events"
	DefaultTimeout = 10 * time.Second
	DefaultName    = "concierge-metrics"
)

// An agent takes 10 events a second, in a burst of 10, unless it was told
// otherwise. So many at once and so many a second after that are never more than
// 10 in any second.
const (
	eventsAtOnce  = 2
	eventsASecond = 8
)

// Config says where and how to deliver. The zero value is for an agent on the
// same machine.
type Config struct {
	Server  delivery.Options // URL is DefaultURL if empty
	Timeout time.Duration    // of a whole push; 0 is DefaultTimeout
	// Name is that of the check in the event with the values; if empty,
	// DefaultName.
	Name string
	// Entity is whose events these are, as a proxy entity; if empty, the agent's.
	Entity    string
	Namespace string // if empty, the agent's
	// Handlers of the events with the status of checks, and of those with values.
	Handlers        []string
	MetricsHandlers []string
}

// withDefaults returns the settings with nothing left open.
func (c Config) withDefaults() Config {
	c.Server.URL = cmp.Or(c.Server.URL, DefaultURL)
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.Name = cmp.Or(c.Name, DefaultName)
	c.Handlers, c.MetricsHandlers = slices.Clone(c.Handlers), slices.Clone(c.MetricsHandlers)
	return c
}

func (c Config) validate() error {
	var errs []error
	if c.Timeout < 0 {
		errs = append(errs, errors.New("the timeout is negative: leave it out for the default"))
	}
	for what, name := range map[string]string{"check": c.Name, "entity": c.Entity, "namespace": c.Namespace} {
		if name != resourceName(name) {
			errs = append(errs, fmt.Errorf("%s %q: a name has letters, digits, dots, dashes and underscores", what, name))
		}
	}
	return errors.Join(errs...)
}

// resourceName makes a name one that Sensu takes.
func resourceName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, name)
}
