package sensu

import (
	"encoding/json"
	"time"

	"concierge/metrics"
)

// event is what an agent takes, as far as it is not added by the agent. The
// points are written apart: there are many of them.
type event struct {
	Timestamp int64   `json:"timestamp"`
	Entity    *entity `json:"entity,omitempty"`
	Check     check   `json:"check"`
}

type entity struct {
	Class    string   `json:"entity_class"`
	Metadata metadata `json:"metadata"`
}

type check struct {
	Metadata metadata `json:"metadata"`
	Status   int      `json:"status"`
	Output   string   `json:"output"`
	Interval int      `json:"interval"` // required, though nobody runs it
	Executed int64    `json:"executed"`
	Handlers []string `json:"handlers,omitempty"`
}

type metadata struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
}

// event makes one with the status of a check.
func (c Config) event(at time.Time, name string, status int, output string, handlers []string) event {
	e := event{Timestamp: at.Unix(), Check: check{
		Metadata: metadata{resourceName(name), c.Namespace}, Status: status, Output: output,
		Interval: 1, Executed: at.Unix(), Handlers: handlers,
	}}
	if c.Entity != "" {
		e.Entity = &entity{"proxy", metadata{c.Entity, c.Namespace}}
	}
	return e
}

// marshal makes the event with what a check said.
func (c Config) marshal(at time.Time, v verdict) ([]byte, error) {
	return json.Marshal(c.event(at, v.name, v.status, v.output, c.Handlers))
}

// appendMetrics appends the event with all points; points writes them.
func (c Config) appendMetrics(b []byte, at time.Time, points []byte) ([]byte, error) {
	head, err := json.Marshal(c.event(at, c.Name, 0, "", nil))
	if err != nil {
		return nil, err
	}
	handlers, err := json.Marshal(append([]string{}, c.MetricsHandlers...))
	if err != nil {
		return nil, err
	}
	b = append(b, head[:len(head)-1]...)
	b = append(append(b, `,"metrics":{"handlers":`...), handlers...)
	b = append(append(b, `,"points":[`...), points...)
	return append(b, `]}}`...), nil
}

// verdict is what an exec check said.
type verdict struct {
	name   string
	status int
	output string
}

// verdicts finds what checks said, in their order: each has samples named
// check.status and check.output, of the group checks and with its name as label.
func verdicts(samples []metrics.Sample) []verdict {
	var all []verdict
	index := make(map[string]int)
	for i := range samples {
		s := &samples[i]
		if s.Group != checksGroup || s.Name != statusName && s.Name != outputName {
			continue
		}
		name := labelOf(s, checkLabel)
		at, ok := index[name]
		if !ok {
			at = len(all)
			index[name] = at
			all = append(all, verdict{name: name, status: unknown})
		}
		if s.Name == statusName {
			all[at].status = int(s.Value)
		} else {
			all[at].output = s.Raw
		}
	}
	return all
}

// What a check's samples are called, and its status without one.
const (
	checksGroup = "checks"
	statusName  = "check.status"
	outputName  = "check.output"
	checkLabel  = "check"
	unknown     = 3
)

func labelOf(s *metrics.Sample, name string) string {
	for _, l := range s.Labels {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}
