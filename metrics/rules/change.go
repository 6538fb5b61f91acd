package rules

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"concierge/metrics"
)

// step returns what the rule, which is the one at this place, makes of a metric
// that it is about: what its patterns capture is the same for all samples of it.
func (c *compiled) step(at int, of metric) step {
	expand := func(template, otherwise string) string {
		return cmp.Or(c.name.expand(template, of.name), otherwise)
	}
	s := step{at: at, rule: c, to: metric{expand(c.Rename, of.name), expand(c.SetGroup, of.group)}}
	s.field = expand(c.SetField, "")
	for _, name := range slices.Sorted(maps.Keys(c.SetLabels)) {
		s.set = append(s.set, metrics.Label{Name: name, Value: expand(c.SetLabels[name], "")})
	}
	return s
}

// change changes a sample.
func (s *step) change(sample *metrics.Sample) {
	sample.Name, sample.Group = s.to.name, s.to.group
	sample.Field = cmp.Or(s.field, sample.Field)
	if len(s.set) > 0 {
		sample.Labels = s.relabel(sample.Labels)
	}
	if f := s.rule.Factor; f != 0 && sample.Kind != metrics.Text {
		sample.Value, sample.Raw = sample.Value*f, ""
	}
}

// relabel returns new labels: those of a sample may be shared with others.
func (s *step) relabel(old []metrics.Label) []metrics.Label {
	labels := make([]metrics.Label, 0, len(old)+len(s.set))
	for _, l := range old {
		if _, set := s.rule.SetLabels[l.Name]; !set {
			labels = append(labels, l)
		}
	}
	for _, l := range s.set {
		if l.Value != "" {
			labels = append(labels, l)
		}
	}
	slices.SortFunc(labels, func(a, b metrics.Label) int { return strings.Compare(a.Name, b.Name) })
	return labels
}
