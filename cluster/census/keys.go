package census

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"concierge/cluster"
)

// Key is where the counts of a service are. It vanishes with the leader.
func Key(service string) string { return "agg/" + cluster.Segment(service) }

// WantedKey is where it is said how many instances there should be.
func WantedKey(service string) string { return "want/" + cluster.Segment(service) }

// RuleKey is where the last run of a rule is.
func RuleKey(service, rule string) string { return rulePrefix(service) + cluster.Segment(rule) }

func rulePrefix(service string) string { return "rule/" + cluster.Segment(service) + "/" }

// read reads what another program may have written; ok is false if there is
// nothing.
func read[T any](e cluster.Entry) (v T, ok bool, err error) {
	if e.Version == cluster.Absent {
		return v, false, nil
	}
	if err := json.Unmarshal(e.Value, &v); err != nil {
		return v, false, fmt.Errorf("reading %s: %w (delete the key; it is written again)", e.Key, err)
	}
	return v, true, nil
}

// plain is a write of a value that belongs to nobody.
func plain(key string, v any) (cluster.Write, error) {
	value, err := json.Marshal(v)
	if err != nil {
		return cluster.Write{}, fmt.Errorf("writing down %s: %w", key, err)
	}
	return cluster.Write{Key: key, Value: value}, nil
}

// ReadRuns returns the last run of each rule of a service, by the name of the
// rule. One that cannot be read is left out.
func ReadRuns(ctx context.Context, s cluster.Store, service string) (map[string]Run, error) {
	v, err := s.Read(ctx, rulePrefix(service))
	if err != nil {
		return nil, err
	}
	runs := make(map[string]Run, len(v.Entries))
	for _, e := range v.Entries {
		name, errName := cluster.Name(strings.TrimPrefix(e.Key, rulePrefix(service)))
		if run, ok, err := read[Run](e); ok && err == nil && errName == nil {
			runs[name] = run
		}
	}
	return runs, nil
}
