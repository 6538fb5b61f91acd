// Package member says who is there: each instance announces itself with keys
// that vanish with its session, and a [Roster] follows those of a service.
//
// An instance is one life of one identity. The identity is its name, which a
// restart keeps; the life is its incarnation, which it does not. Two lives of
// one name are never there together: the second waits until the first is gone.
package member

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"concierge/cluster"
)

// Instance is who somebody is. It does not change during a life.
type Instance struct {
	ID          string            `json:"id"`
	Incarnation string            `json:"incarnation"` // of [NewIncarnation]
	Session     string            `json:"session"`     // that its keys vanish with; the announcer fills it in
	Address     string            `json:"address,omitempty"`
	Ports       map[string]int    `json:"ports,omitempty"`
	Host        string            `json:"host,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"` // zone and the like
	Version     string            `json:"version,omitempty"`
	Started     time.Time         `json:"started"` // for display; no decision is made by it
}

// Status is how somebody is.
type Status struct {
	Incarnation string             `json:"incarnation"` // the announcer fills it in
	Phase       string             `json:"phase"`
	Health      string             `json:"health"`
	Since       time.Time          `json:"since"`              // of this health; for display
	Releases    map[string]string  `json:"releases,omitempty"` // applied, by set
	Restarts    int                `json:"restarts"`
	Numbers     map[string]float64 `json:"numbers,omitempty"` // chosen metrics
	Notes       map[string]string  `json:"notes,omitempty"`   // what keeps it from a release, by set
}

// LastWords are what is known of a life that has ended.
type LastWords struct {
	Incarnation string            `json:"incarnation"` // the announcer fills it in
	ExitCode    int               `json:"exit_code"`
	Signal      string            `json:"signal,omitempty"`
	When        time.Time         `json:"when"`
	Releases    map[string]string `json:"releases,omitempty"`
	Lost        bool              `json:"lost,omitempty"` // it vanished without a word; the leader says so
}

// NewIncarnation returns a name that no other life has: a ULID, so that they
// sort by the time of their beginning.
func NewIncarnation() string { return ulid.MustNew(ulid.Now(), rand.Reader).String() }

// InstanceKey is where an instance announces itself.
func InstanceKey(service, id string) string { return key("inst", service) + cluster.Segment(id) }

// StatusKey is where it says how it is.
func StatusKey(service, id string) string { return key("stat", service) + cluster.Segment(id) }

// LastKey is where it leaves its last words.
func LastKey(service, id string) string { return key("last", service) + cluster.Segment(id) }

// key returns the prefix of one kind of key of a service.
func key(kind, service string) string { return kind + "/" + cluster.Segment(service) + "/" }

var errNameless = errors.New("it has no incarnation")

// parseInstance reads what another program may have written.
func parseInstance(e cluster.Entry) (Instance, error) {
	var i Instance
	err := json.Unmarshal(e.Value, &i)
	if err == nil && i.Incarnation == "" {
		err = errNameless
	}
	if err != nil {
		return Instance{}, fmt.Errorf("reading the instance at %s: %w", e.Key, err)
	}
	return i, nil
}

func parseStatus(e cluster.Entry) (Status, error) {
	var s Status
	if err := json.Unmarshal(e.Value, &s); err != nil {
		return Status{}, fmt.Errorf("reading the status at %s: %w", e.Key, err)
	}
	return s, nil
}
