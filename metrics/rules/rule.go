package rules

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"concierge/metrics"
)

// Action is what a rule does with the samples that match it.
type Action string

// The actions.
const (
	Change Action = "change" // the default: change them and go on
	Drop   Action = "drop"
	Keep   Action = "keep" // as they are now, whatever later rules say
)

// Rule is a condition and what follows from it. Patterns are globs in which *
// is any text, or regular expressions (RE2) as /…/; both match the whole text,
// and an empty one matches everything.
type Rule struct {
	Name  string // pattern for the name
	Field string // pattern for the field
	Group string // pattern for the group
	// Labels are patterns for the values of labels, by name. A label that is not
	// there has an empty value; a pattern for something that has to be there is
	// "/.+/".
	Labels map[string]string
	// NonFinite lets only NaN and infinite numbers match.
	NonFinite bool

	Action Action

	// What is changed. In texts $1 is what the first star or group of Name
	// stands for, ${name} that of a named group. Empty changes nothing.
	Rename   string
	SetField string
	SetGroup string
	// SetLabels gives labels new values; an empty one removes the label.
	SetLabels map[string]string
	// Factor multiplies numbers: 0.001 makes seconds of milliseconds. 0 is 1.
	Factor float64
}

// Zabbix returns the rules for a Zabbix server: without the buckets of
// histograms, which it can do nothing with and which are nine in ten series, and
// without what is no finite number, for which it takes items out of service.
func Zabbix() []Rule {
	return []Rule{
		{Name: "*_bucket", Group: "/(gauge)?histogram/", Action: Drop},
		{Name: "*_bucket", Labels: map[string]string{"le": "/.+/"}, Action: Drop},
		{NonFinite: true, Action: Drop},
	}
}

// changes says whether the rule has anything to change.
func (r Rule) changes() bool {
	return r.Rename != "" || r.SetField != "" || r.SetGroup != "" || len(r.SetLabels) > 0 || r.Factor != 0
}

func (r Rule) validate() error {
	switch {
	case r.Action != "" && r.Action != Change && r.Action != Drop && r.Action != Keep:
		return fmt.Errorf("action %q is not known: write drop, keep or change", r.Action)
	case r.Action == Drop && r.changes():
		return errors.New("it changes what it drops: write two rules, the change for another action")
	case r.Action == Change || r.Action == "":
		if !r.changes() {
			return errors.New("it does nothing: write action: drop or keep, or what it changes")
		}
	}
	if math.IsNaN(r.Factor) || math.IsInf(r.Factor, 0) {
		return errors.New("the factor is no number: write for example 0.001")
	}
	return nil
}

// compiled is a rule ready to be used.
type compiled struct {
	Rule
	name, field, group pattern
	labels             []labelPattern
}

// alone is the plan of all metrics that only this rule is about, nil if it is not
// the same for all: the rules for a Zabbix server have one that is about every
// metric, of which there may be thousands.
func (c *compiled) alone(at int) plan {
	if c.Action != Drop {
		return nil
	}
	return plan{{at: at, rule: c}}
}

type labelPattern struct {
	name string
	pattern
}

func (r Rule) compile() (*compiled, error) {
	c := &compiled{Rule: r}
	errs := []error{r.validate()}
	one := func(text string) pattern {
		p, err := compile(text)
		errs = append(errs, err)
		return p
	}
	c.name, c.field, c.group = one(r.Name), one(r.Field), one(r.Group)
	for _, name := range slices.Sorted(maps.Keys(r.Labels)) {
		c.labels = append(c.labels, labelPattern{name, one(r.Labels[name])})
	}
	return c, errors.Join(errs...)
}

// about says whether the patterns for name and group match.
func (c *compiled) about(of metric) bool {
	return (c.Name == "" || c.name.match(of.name)) && (c.Group == "" || c.group.match(of.group))
}

// matches looks at everything but name and group.
func (c *compiled) matches(s *metrics.Sample) bool {
	if c.NonFinite && (s.Kind == metrics.Text || !math.IsNaN(s.Value) && !math.IsInf(s.Value, 0)) {
		return false
	}
	if c.Field != "" && !c.field.match(s.Field) {
		return false
	}
	for i := range c.labels {
		if l := &c.labels[i]; !l.match(valueOf(s.Labels, l.name)) {
			return false
		}
	}
	return true
}

func valueOf(labels []metrics.Label, name string) string {
	for i := range labels {
		if labels[i].Name == name {
			return labels[i].Value
		}
	}
	return ""
}
