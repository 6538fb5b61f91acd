package rules

import (
	"errors"
	"fmt"
	"strings"

	"concierge/metrics"
)

// Set is a list of rules. It remembers which of them can match a name, so that
// most samples cost one look into a map, or none if the one before had the same
// name. It is owned by one goroutine.
type Set struct {
	rules []*compiled
	plans map[string]plan
	// The name and plan of the sample before.
	name string
	last plan
}

// plan is the rules whose pattern matches a name, in order.
type plan []step

type step struct {
	at      int // among all rules
	rule    *compiled
	renamed string // the new name, if the rule gives one
}

// namesMost bounds how many names are remembered: an application that always
// finds new ones would fill the memory.
const namesMost = 50_000

// New compiles rules. Its error names each that cannot be used, counted from 1.
func New(list []Rule) (*Set, error) {
	s := &Set{plans: make(map[string]plan)}
	var errs []error
	for i, r := range list {
		c, err := r.compile()
		if err != nil {
			errs = append(errs, fmt.Errorf("rule %d: %w", i+1, err))
		}
		s.rules = append(s.rules, c)
	}
	return s, errors.Join(errs...)
}

// Apply puts samples through the rules and returns those that are left, in
// their order and in the same memory.
func (s *Set) Apply(samples []metrics.Sample) []metrics.Sample {
	n := 0
	for i := range samples {
		p := s.plan(samples[i].Name)
		if len(p) > 0 && !s.run(&samples[i], p) {
			continue
		}
		if n < i {
			samples[n] = samples[i]
		}
		n++
	}
	clear(samples[n:]) // they hold on to the text that they are parts of
	s.name, s.last = "", nil
	return samples[:n]
}

// run puts one sample through the rules of a plan and says whether it is kept.
func (s *Set) run(sample *metrics.Sample, p plan) bool {
	for i := 0; i < len(p); i++ {
		rule := p[i].rule
		if !rule.matches(sample) {
			continue
		}
		if rule.Action == Drop {
			return false
		}
		rule.change(sample)
		if p[i].renamed != "" {
			sample.Name = p[i].renamed
		}
		if rule.Action == Keep {
			return true
		}
		if p[i].renamed != "" {
			p, i = s.after(p[i]), -1
		}
	}
	return true
}

// after is the rest of the plan for a sample that was renamed.
func (s *Set) after(done step) plan {
	p := s.remembered(done.renamed)
	for len(p) > 0 && p[0].at <= done.at {
		p = p[1:]
	}
	return p
}

// plan returns the plan for a name.
func (s *Set) plan(name string) plan {
	if name != s.name || name == "" {
		s.name, s.last = name, s.remembered(name)
	}
	return s.last
}

func (s *Set) remembered(name string) plan {
	p, ok := s.plans[name]
	if !ok {
		if len(s.plans) >= namesMost {
			clear(s.plans)
		}
		p = s.make(name)
		s.plans[strings.Clone(name)] = p
	}
	return p
}

func (s *Set) make(name string) plan {
	var p plan
	for i, rule := range s.rules {
		if rule.Name != "" && !rule.name.match(name) {
			continue
		}
		next := step{at: i, rule: rule}
		if rule.Rename != "" {
			next.renamed = rule.name.expand(rule.Rename, name)
		}
		p = append(p, next)
	}
	return p
}

// Wants says whether samples of this name and group, without a field, could be
// left: false if the rules drop them all, whatever their labels and values are.
// It is for a reader that can then spare itself the work, and is never wrong
// about what Apply would keep.
func (s *Set) Wants(name, group string) bool {
	sample := metrics.Sample{Name: name, Group: group}
	for _, step := range s.plan(name) {
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
