package sources

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// HealthCheck is one check of an instance or its node.
type HealthCheck struct {
	Node        string
	CheckID     string
	Name        string
	Status      string
	Notes       string
	Output      string
	ServiceID   string
	ServiceName string
	ServiceTags []string
	Type        string
	Namespace   string `json:",omitempty"`
	Partition   string `json:",omitempty"`
	ExposedPort int
	PeerName    string `json:",omitempty"`
	Definition  HealthCheckDefinition
	CreateIndex uint64
	ModifyIndex uint64
}

// HealthCheckDefinition says how a check is made. Its last three fields repeat
// the durations for templates that know them by their older names.
type HealthCheckDefinition struct {
	HTTP                                   string
	Header                                 map[string][]string
	Method                                 string
	Body                                   string
	TLSServerName                          string
	TLSSkipVerify                          bool
	TCP                                    string
	TCPUseTLS                              bool
	UDP                                    string
	GRPC                                   string
	OSService                              string
	GRPCUseTLS                             bool
	IntervalDuration                       time.Duration `json:"-"`
	TimeoutDuration                        time.Duration `json:"-"`
	DeregisterCriticalServiceAfterDuration time.Duration `json:"-"`
	SessionName                            string        `json:",omitempty"`
	Interval                               ReadableDuration
	Timeout                                ReadableDuration
	DeregisterCriticalServiceAfter         ReadableDuration
}

// MarshalJSON writes the durations as text, the way Consul does: "10s". As in
// Consul's own library it is a method of the pointer, so that a definition that
// a template takes out of its check is written in the same way there and here.
func (d *HealthCheckDefinition) MarshalJSON() ([]byte, error) {
	type plain HealthCheckDefinition // without this method
	return json.Marshal(struct {
		Interval                       string
		Timeout                        string
		DeregisterCriticalServiceAfter string
		*plain
	}{
		d.Interval.or(d.IntervalDuration),
		d.Timeout.or(d.TimeoutDuration),
		d.DeregisterCriticalServiceAfter.or(d.DeregisterCriticalServiceAfterDuration),
		(*plain)(d),
	})
}

// ReadableDuration is a duration that is shown as text where a plain number
// would be expected.
type ReadableDuration time.Duration

// String returns the duration as package time shows it: "1m30s".
func (d *ReadableDuration) String() string { return d.Duration().String() }

// Duration returns d as a duration; nil is 0.
func (d *ReadableDuration) Duration() time.Duration {
	if d == nil {
		return 0
	}
	return time.Duration(*d)
}

// MarshalJSON writes the text.
func (d *ReadableDuration) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, d.String()), nil
}

// or shows the newer field if it is set, else this one.
func (d *ReadableDuration) or(newer time.Duration) string {
	if newer != 0 {
		return newer.String()
	}
	return d.String()
}

// Checks with these IDs mean that somebody took a node or an instance out of
// service by hand.
const (
	nodeMaintenance    = "_node_maintenance"
	serviceMaintenance = "_service_maintenance:" // followed by the instance's ID
)

// AggregatedStatus is the state that stands for all checks together:
// maintenance before critical before warning before passing. No check at all is
// passing; a state that nobody knows makes it empty.
func (c HealthChecks) AggregatedStatus() string {
	worst := 0
	order := [...]string{HealthPassing, HealthWarning, HealthCritical, HealthMaintenance}
	for _, check := range c {
		if check.CheckID == nodeMaintenance || strings.HasPrefix(check.CheckID, serviceMaintenance) {
			worst = len(order) - 1
			continue
		}
		switch check.Status {
		case HealthPassing:
		case HealthWarning:
			worst = max(worst, 1)
		case HealthCritical:
			worst = max(worst, 2)
		default:
			return ""
		}
	}
	return order[worst]
}
