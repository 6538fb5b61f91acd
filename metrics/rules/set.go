package rules

import (
	"errors"
	"fmt"
	"strings"

	"concierge/metrics"
)

// Set is a list of rules. It remembers which of them can match a metric, so that
// most samples cost one look into a map, or none if the one before was of the same
// metric. It is owned by one goroutine.
type Set struct {
	rules []*compiled
	alone []plan // of each rule, see there
	plans map[metric]plan
	// The metric and plan of the sample before.
	of   metric
	last plan
}

// metric is what all samples of a metric have in common.
type metric struct{ name, group string }

// plan is the rules whose patterns match a metric, in order.
type plan []step

// step is a rule and what it makes of a metric.
type step struct {
	at    int // among all rules
	rule  *compiled
	to    metric
	field string          // empty leaves it
	set   []metrics.Label // sorted; an empty value removes the label
}

// metricsMost bounds how many are remembered: an application that always finds
// new names would fill the memory.
const metricsMost = 50_000

// New compiles rules. Its error names each that cannot be used, counted from 1.
func New(list []Rule) (*Set, error) {
	s := &Set{plans: make(map[metric]plan)}
	var errs []error
	for i, r := range list {
		c, err := r.compile()
		if err != nil {
			errs = append(errs, fmt.Errorf("rule %d: %w", i+1, err))
		}
		s.rules, s.alone = append(s.rules, c), append(s.alone, c.alone(i))
	}
	return s, errors.Join(errs...)
}

// Apply puts samples through the rules and returns those that are left, in
// their order and in the same memory.
func (s *Set) Apply(samples []metrics.Sample) []metrics.Sample {
	n := 0
	for i := range samples {
		p := s.plan(metric{samples[i].Name, samples[i].Group})
		if len(p) > 0 && !s.run(&samples[i], p) {
			continue
		}
		if n < i {
			samples[n] = samples[i]
		}
		n++
	}
	clear(samples[n:]) // they hold on to the text that they are parts of
	s.of, s.last = metric{}, nil
	return samples[:n]
}

// run puts one sample through the rules of a plan and says whether it is kept.
func (s *Set) run(sample *metrics.Sample, p plan) bool {
	for len(p) > 0 {
		next := &p[0]
		p = p[1:]
		if !next.rule.matches(sample) {
			continue
		}
		if next.rule.Action == Drop {
			return false
		}
		before := metric{sample.Name, sample.Group}
		next.change(sample)
		if next.rule.Action == Keep {
			return true
		}
		if next.to != before {
			p = s.after(next)
		}
	}
	return true
}

// after is the rest of the plan for what a step has made.
func (s *Set) after(done *step) plan {
	p := s.remembered(done.to)
	for len(p) > 0 && p[0].at <= done.at {
		p = p[1:]
	}
	return p
}

// plan returns the plan for a metric.
func (s *Set) plan(of metric) plan {
	if of != s.of || of == (metric{}) {
		s.of, s.last = of, s.remembered(of)
	}
	return s.last
}

func (s *Set) remembered(of metric) plan {
	p, ok := s.plans[of]
	if !ok {
		if len(s.plans) >= metricsMost {
			clear(s.plans)
		}
		of = metric{strings.Clone(of.name), strings.Clone(of.group)}
		p = s.make(of)
		s.plans[of] = p
	}
	return p
}

func (s *Set) make(of metric) plan {
	var about []int
	for i, rule := range s.rules {
		if rule.about(of) {
			about = append(about, i)
		}
	}
	if len(about) == 1 && s.alone[about[0]] != nil {
		return s.alone[about[0]]
	}
	p := make(plan, 0, len(about))
	for _, i := range about {
		p = append(p, s.rules[i].step(i, of))
	}
	return p
}

// Wants says whether samples of this name and group, without a field, could be
// left: false if the rules drop them all, whatever their labels and values are.
// It is for a reader that can then spare itself the work, and is never wrong
// about what Apply would keep.
func (s *Set) Wants(name, group string) bool {
	sample := metrics.Sample{Name: name, Group: group}
	for _, step := range s.plan(metric{name, group}) {
		r := step.rule
		certain := !r.NonFinite && len(r.labels) == 0
		switch {
		case certain && !r.matches(&sample):
		case r.Action == Drop && certain:
			return false
		case r.Action == Drop:
		case r.Action == Keep || r.Rename != "" || r.SetGroup != "" || r.SetField != "":
			return true
		}
	}
	return true
}
