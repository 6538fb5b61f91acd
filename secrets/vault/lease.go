package vault

import (
	"math/rand/v2"
	"time"

	"github.com/hashicorp/vault/api"
)

// This file decides when a secret is read again. Renewal of leases belongs
// here: today every lease, renewable or not, is replaced by a new read shortly
// before it ends.

const (
	// absentCap bounds how seldom an absent or refused secret is asked for: a
	// template waits for it.
	absentCap = 30 * time.Second

	// shortest keeps a lease that is about to end from becoming a busy loop.
	shortest = 100 * time.Millisecond
)

// lifetime is for how long a secret is good. It is 0 when only refresh limits
// it.
func lifetime(secret *api.Secret, refresh time.Duration) time.Duration {
	lease := time.Duration(secret.LeaseDuration) * time.Second
	if secret.LeaseID != "" && lease > 0 {
		return lease
	}
	// KV has no leases. Version 1 passes on a wish of the writer (ttl), and
	// version 2 may plan a deletion.
	life := refresh
	if lease > 0 {
		life = min(life, lease)
	}
	if until, set := deletionTime(secret); set && until > 0 {
		life = min(life, until+time.Second)
	}
	return life
}

// early draws when to read again: at 85 to 95 per cent of the lifetime, so that
// a fleet does not ask in step.
func early(life time.Duration) time.Duration {
	return max(shortest, time.Duration(float64(life)*(0.85+0.1*rand.Float64())))
}

// deletionTime returns how long until a KV version 2 secret is deleted.
func deletionTime(secret *api.Secret) (until time.Duration, set bool) {
	metadata, _ := secret.Data["metadata"].(map[string]any)
	text, _ := metadata["deletion_time"].(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, false
	}
	return time.Until(at), true
}
