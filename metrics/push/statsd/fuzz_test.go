package statsd_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"concierge/metrics"
	"concierge/metrics/push/statsd"
)

// FuzzPush has each line of both dialects read by the grammar.
func FuzzPush(f *testing.F) {
	f.Add("name", "p99", "label", "value", 1.5)
	f.Add("a:b|c@d#e\n", "\xff", "x:y", "1,2|3\r\n#", -1e-300)
	f.Fuzz(func(t *testing.T, name, field, label, value string, v float64) {
		for d, grammar := range map[statsd.Dialect]*regexp.Regexp{
			statsd.Plain:   regexp.MustCompile(`\A[\w.-]+:(-?[\d.]+(?:e[+-]\d+)?)\|g\z`),
			statsd.Datadog: regexp.MustCompile(`\A[\w.]+:(-?[\d.]+(?:e[+-]\d+)?)\|g(?:\|#[^,|#:\n]+:[^,|#\n]*)?\z`),
		} {
			l := listen(t, "udp")
			r := push(t, newTarget(t, statsd.Config{Address: l.addr, Dialect: d}), metrics.Sample{
				Name: name, Field: field, Value: v, Labels: []metrics.Label{{Name: label, Value: value}},
			})
			if r.Sent == 0 {
				continue
			}
			lines := strings.Split(l.next(t), "\n")
			for _, line := range lines {
				m := grammar.FindStringSubmatch(line)
				if m == nil {
					t.Fatalf("the line is %q", line)
				}
				if got, err := strconv.ParseFloat(m[1], 64); err != nil || got != v && !(got == 0 && len(lines) == 2) {
					t.Fatalf("%v was written as %q", v, line)
				}
			}
		}
	})
}
