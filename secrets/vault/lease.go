package vault

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/hashicorp/vault/api"

	"concierge/secrets"
	"concierge/sources"
)

// This file decides for how long an answer is good. The rules are those of
// consul-template's leaseCheckWait.

// absentCap bounds how seldom an absent or refused secret is asked for: a
// template waits for it.
const absentCap = 30 * time.Second

// term is for how long an answer is good.
type term struct {
	life  time.Duration
	exact bool // something new is there when life is over, and not before
}

// termOf finds the term that an answer sets itself, if any.
func termOf(secret *api.Secret) (t term, ok bool) {
	if a := secret.Auth; a != nil && a.LeaseDuration > 0 {
		return term{life: seconds(a.LeaseDuration)}, true
	}
	if secret.LeaseID != "" {
		return term{life: seconds(secret.LeaseDuration)}, secret.LeaseDuration > 0
	}
	return termOfData(secret.Data)
}

// termOfData looks for what stands in for a lease in the data of some engines.
func termOfData(data map[string]any) (t term, ok bool) {
	if _, rotated := data["rotation_period"]; rotated || data["rotation_schedule"] != nil {
		// Vault makes the next password when ttl is over. It is 0 while the
		// rotation is under way.
		if ttl, ok := number(data["ttl"]); ok {
			return term{life: max(ttl, 0) + time.Second, exact: true}, true
		}
	}
	if _, secretID := data["secret_id"]; secretID {
		if ttl, ok := number(data["secret_id_ttl"]); ok && ttl > 0 {
			return term{life: ttl + time.Second}, true
		}
	}
	if _, certificate := data["certificate"]; certificate {
		if at, ok := number(data["expiration"]); ok {
			life := time.Until(time.Unix(int64(at/time.Second), 0))
			return term{life: life}, life > 0
		}
	}
	return term{}, false
}

// number reads a count of seconds in the data of an answer.
func number(v any) (time.Duration, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	count, err := n.Int64()
	return seconds(count), err == nil
}

// seconds reads a count of seconds, cut to what a Duration can hold.
func seconds[N int | int64](n N) time.Duration {
	const most = 9_000_000_000 // 285 years
	return time.Duration(max(-most, min(int64(n), most))) * time.Second
}

// unleased is for how long an answer is taken as current that has no term.
// KV version 1 passes on a wish of the writer (ttl), and version 2 may plan a
// deletion.
func unleased(secret *api.Secret, refresh time.Duration) term {
	life := refresh
	if lease := seconds(secret.LeaseDuration); lease > 0 && secret.LeaseID == "" {
		life = min(life, lease)
	}
	if until, set := deletionTime(secret); set && until > 0 {
		life = min(life, until+time.Second)
	}
	return term{life: life}
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

// lend makes the loan of an answer.
func (v *visit) lend(secret *api.Secret, t term) loan {
	l := v.source.keepFor(t)
	switch {
	case secret.Auth != nil:
		if !secret.Auth.Orphan {
			l.ended = v.token.replaced
		}
		if secret.Auth.Renewable {
			l.renew = v.source.renewToken(v.request, secret.Auth.ClientToken)
		}
	case secret.LeaseID != "":
		l.lease = true
		l.ended = v.token.replaced
		if secret.Renewable {
			l.renew = v.source.renewLease(v.request, secret.LeaseID)
		}
	}
	return l
}

// keepFor makes a loan that ends with its term.
func (s *Source) keepFor(t term) loan {
	return loan{life: t.life, exact: t.exact, part: s.part, retry: s.retry}
}

// renewLease renews the lease of a secret with the token of the moment.
func (s *Source) renewLease(r request, id string) renewal {
	return func(ctx context.Context, increment time.Duration) (time.Duration, error) {
		v, err := s.visit(ctx, r)
		if err != nil {
			return 0, err
		}
		defer v.leave()
		answer, err := v.client.Sys().RenewWithContext(ctx, id, int(increment.Seconds()))
		if err != nil || answer == nil {
			return s.notRenewed(r, err)
		}
		return seconds(answer.LeaseDuration), nil
	}
}

// renewToken renews a token that is a secret of a template.
func (s *Source) renewToken(r request, token string) renewal {
	return func(ctx context.Context, increment time.Duration) (time.Duration, error) {
		v, err := s.visit(ctx, r)
		if err != nil {
			return 0, err
		}
		defer v.leave()
		answer, err := as(s.client, secrets.NewText(token)).Auth().Token().RenewSelfWithContext(ctx, int(increment.Seconds()))
		if err != nil || answer == nil || answer.Auth == nil {
			return s.notRenewed(r, err)
		}
		return seconds(answer.Auth.LeaseDuration), nil
	}
}

// notRenewed makes a lease whose renewal a policy denies one that cannot be
// renewed; it still has its life.
func (s *Source) notRenewed(r request, err error) (time.Duration, error) {
	if err == nil {
		return 0, nil
	}
	if err = s.hints.explain("renewing the lease of "+r.path, err); errors.Is(err, sources.ErrDenied) {
		return 0, nil
	}
	return 0, err
}
