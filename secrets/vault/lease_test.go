package vault

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
)

func TestTermOfAnswers(t *testing.T) {
	data := func(pairs ...any) map[string]any {
		m := make(map[string]any)
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		return m
	}
	n := func(i int64) json.Number { return json.Number(fmt.Sprint(i)) }
	in := func(d time.Duration) json.Number { return n(time.Now().Add(d).Unix()) }
	for name, c := range map[string]struct {
		secret api.Secret
		life   time.Duration // 0: no term
		exact  bool
	}{
		"no lease":                     {secret: api.Secret{LeaseDuration: 60}},
		"lease":                        {secret: api.Secret{LeaseID: "x", LeaseDuration: 3600}, life: time.Hour},
		"lease without an end":         {secret: api.Secret{LeaseID: "x"}},
		"token":                        {secret: api.Secret{Auth: &api.SecretAuth{LeaseDuration: 60}}, life: time.Minute},
		"token without an end":         {secret: api.Secret{Auth: &api.SecretAuth{}}},
		"certificate":                  {secret: api.Secret{Data: data("certificate", "x", "expiration", in(time.Hour))}, life: time.Hour},
		"certificate that has expired": {secret: api.Secret{Data: data("certificate", "x", "expiration", in(-time.Hour))}},
		"certificate with a lease":     {secret: api.Secret{LeaseID: "x", LeaseDuration: 60, Data: data("certificate", "x", "expiration", in(time.Hour))}, life: time.Minute},
		"secret ID":                    {secret: api.Secret{Data: data("secret_id", "x", "secret_id_ttl", n(60))}, life: 61 * time.Second},
		"secret ID without an end":     {secret: api.Secret{Data: data("secret_id", "x", "secret_id_ttl", n(0))}},
		"rotated password":             {secret: api.Secret{Data: data("rotation_period", n(3600), "ttl", n(30))}, life: 31 * time.Second, exact: true},
		"rotation by a schedule":       {secret: api.Secret{Data: data("rotation_schedule", "* * * * *", "ttl", n(30))}, life: 31 * time.Second, exact: true},
		"rotation under way":           {secret: api.Secret{Data: data("rotation_period", n(3600), "ttl", n(0))}, life: time.Second, exact: true},
		"rotation without ttl":         {secret: api.Secret{Data: data("rotation_period", n(3600))}},
		"plain ttl":                    {secret: api.Secret{Data: data("ttl", n(30))}},
		"junk":                         {secret: api.Secret{Data: data("rotation_period", 1, "ttl", "soon", "certificate", "x", "expiration", true)}},
	} {
		got, ok := termOf(&c.secret)
		if ok != (c.life > 0) || got.exact != c.exact {
			t.Errorf("%s: %+v, %v; want %v", name, got, ok, c.life)
		}
		if d := c.life - got.life; ok && (d < -time.Second || d > time.Second) {
			t.Errorf("%s: %v, want %v", name, got.life, c.life)
		}
	}
}

func TestLifeOfWhatHasNoLease(t *testing.T) {
	const refresh = 5 * time.Minute
	deletedIn := func(d time.Duration) map[string]any {
		return map[string]any{"metadata": map[string]any{"deletion_time": time.Now().Add(d).Format(time.RFC3339Nano)}}
	}
	for name, c := range map[string]struct {
		secret api.Secret
		want   time.Duration
	}{
		"nothing known":         {api.Secret{}, refresh},
		"version 1 with a ttl":  {api.Secret{LeaseDuration: 10}, 10 * time.Second},
		"version 1 without":     {api.Secret{LeaseDuration: 32 * 24 * 3600}, refresh},
		"deletion far away":     {api.Secret{Data: deletedIn(time.Hour)}, refresh},
		"deletion soon":         {api.Secret{Data: deletedIn(time.Minute)}, time.Minute + time.Second},
		"deletion time is junk": {api.Secret{Data: map[string]any{"metadata": map[string]any{"deletion_time": "soon"}}}, refresh},
	} {
		got := unleased(&c.secret, refresh).life
		if d := c.want - got; d < 0 || d > time.Second {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestHugeNumbersDoNotOverflow(t *testing.T) {
	if got, ok := number(json.Number("9223372036854775807")); !ok || got < 200*365*24*time.Hour {
		t.Errorf("%v, %v", got, ok)
	}
	if got, ok := number(json.Number("-9223372036854775808")); !ok || got > 0 {
		t.Errorf("%v, %v", got, ok)
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
