package pushgateway

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"strings"

	"concierge/metrics"
)

// partLabel tells the heartbeats of an instance from its values.
const partLabel = "part"

// group is the labels that all series of a push have in common.
func (c Config) group(host string, heartbeat bool) []metrics.Label {
	labels := []metrics.Label{{Name: "job", Value: c.Job}, {Name: "instance", Value: cmp.Or(c.Instance, host)}}
	labels = append(labels, c.Labels...)
	if heartbeat {
		labels = append(labels, metrics.Label{Name: partLabel, Value: "heartbeat"})
	}
	return labels
}

// groupPath is the path of a group, which begins with its job. A value that a
// path cannot hold, for it is empty or has a slash, is written in base64.
func groupPath(group []metrics.Label) string {
	var b strings.Builder
	b.WriteString("/metrics")
	for _, l := range group {
		value := strings.ToValidUTF8(l.Value, "\ufffd")
		switch {
		case value == "":
			b.WriteString("/" + l.Name + "@base64/=")
		case strings.Contains(value, "/") || strings.Trim(value, ".") == "":
			b.WriteString("/" + l.Name + "@base64/" + base64.RawURLEncoding.EncodeToString([]byte(value)))
		default:
			b.WriteString("/" + l.Name + "/" + url.PathEscape(value))
		}
	}
	return b.String()
}

// labelNames are the names of labels that the Pushgateway sets.
func labelNames(group []metrics.Label) []string {
	names := make([]string, 0, len(group))
	for _, l := range group {
		names = append(names, l.Name)
	}
	return names
}
