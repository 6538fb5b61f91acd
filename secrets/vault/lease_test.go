package vault

import (
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
)

func TestLifetimeOfSecrets(t *testing.T) {
	const refresh = 5 * time.Minute
	deletedIn := func(d time.Duration) map[string]any {
		return map[string]any{"metadata": map[string]any{"deletion_time": time.Now().Add(d).Format(time.RFC3339Nano)}}
	}
	for name, c := range map[string]struct {
		secret api.Secret
		want   time.Duration
	}{
		"no lease":              {api.Secret{}, refresh},
		"lease":                 {api.Secret{LeaseID: "x", LeaseDuration: 3600}, time.Hour},
		"renewable lease":       {api.Secret{LeaseID: "x", LeaseDuration: 60, Renewable: true}, time.Minute},
		"version 1 with a ttl":  {api.Secret{LeaseDuration: 10}, 10 * time.Second},
		"version 1 without":     {api.Secret{LeaseDuration: 32 * 24 * 3600}, refresh},
		"deletion far away":     {api.Secret{Data: deletedIn(time.Hour)}, refresh},
		"deletion soon":         {api.Secret{Data: deletedIn(time.Minute)}, time.Minute + time.Second},
		"lease without an end":  {api.Secret{LeaseID: "x"}, refresh},
		"deletion time is junk": {api.Secret{Data: map[string]any{"metadata": map[string]any{"deletion_time": "soon"}}}, refresh},
	} {
		got := lifetime(&c.secret, refresh)
		if d := c.want - got; d < 0 || d > time.Second {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestReadingAgainIsEarlyAndSpread(t *testing.T) {
	lowest, highest := 24*time.Hour, time.Duration(0)
	for range 1000 {
		d := early(100 * time.Minute)
		lowest, highest = min(lowest, d), max(highest, d)
	}
	if lowest < 85*time.Minute || highest > 95*time.Minute || highest-lowest < 5*time.Minute {
		t.Errorf("drawn between %v and %v, want 85 to 95 per cent", lowest, highest)
	}
	if d := early(time.Nanosecond); d < shortest {
		t.Errorf("a lease at its end is read again after %v", d)
	}
}

func TestWithdrawnVersions(t *testing.T) {
	at := func(when, destroyed any) *api.Secret {
		return &api.Secret{Data: map[string]any{"metadata": map[string]any{"deletion_time": when, "destroyed": destroyed}}}
	}
	for name, c := range map[string]struct {
		secret *api.Secret
		want   bool
	}{
		"alive":               {at("", false), false},
		"deleted":             {at(time.Now().Add(-time.Hour).Format(time.RFC3339Nano), false), true},
		"will be deleted":     {at(time.Now().Add(time.Hour).Format(time.RFC3339Nano), false), false},
		"destroyed":           {at("", true), true},
		"metadata is no map":  {&api.Secret{Data: map[string]any{"metadata": "x"}}, false},
		"without metadata":    {&api.Secret{Data: map[string]any{"n": "1"}}, false},
		"deletion is no text": {at(7, nil), false},
	} {
		if got := withdrawn(c.secret); got != c.want {
			t.Errorf("%s: withdrawn is %v", name, got)
		}
	}
}
