package vault

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"

	"concierge/sources"
)

var errPath = errors.New(`the path is empty; write mount/name, as in {{ secret "secret/app" }}`)

// request is one thing to read from Vault. Queries that mean the same share one.
type request struct {
	kind   sources.Kind
	path   string // without slashes around it
	params string
}

func requestFor(q sources.Query) request {
	return request{kind: q.Kind, path: strings.Trim(q.Path, "/ "), params: q.Params}
}

func (r request) String() string {
	if r.kind == sources.SecretList {
		return "listing secrets " + r.path
	}
	return "reading secret " + r.path
}

// answer is what a reader has to tell the watcher.
type answer struct {
	from  *reader
	since time.Time // when the request began
	value sources.Value
	life  time.Duration // for how long the value is good
	err   error
}

// run reads again and again until ctx ends.
func (r *reader) run(ctx context.Context, w *watcher) {
	retry := sources.Backoff{Cap: min(absentCap, w.source.refresh)}
	for {
		a := answer{from: r, since: time.Now()}
		a.value, a.life, a.err = w.source.read(ctx, r.request)
		select {
		case w.answers <- a:
		case <-ctx.Done():
			return
		}
		wait := early(a.life)
		if a.err == nil && a.value.Exists {
			retry.Reset()
		} else {
			wait = retry.Next()
		}
		if !r.rest(ctx, wait) {
			return
		}
	}
}

// rest waits for d, for a hint that Vault is back, or for the end.
func (r *reader) rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.retry:
	case <-ctx.Done():
		return false
	}
	return true
}

// read asks once, with the token as it is now, when there is a slot.
func (s *Source) read(ctx context.Context, r request) (sources.Value, time.Duration, error) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return sources.Value{}, 0, ctx.Err()
	}
	params, err := url.ParseQuery(r.params)
	if err != nil {
		return sources.Value{}, 0, &refusal{fmt.Errorf("%s: parameters %q: %w; write them as name=value&name=value", r, r.params, err)}
	}
	if r.path == "" {
		return sources.Value{}, 0, &refusal{errPath}
	}
	token, err := s.token.Current()
	if err != nil {
		return sources.Value{}, 0, fmt.Errorf("%s: %w; see secrets.vault.token_file", r, err)
	}
	s.client.SetToken(token.Reveal())
	mount, v2, err := s.mountOf(ctx, r.path)
	if err != nil {
		return sources.Value{}, 0, err
	}
	if r.kind == sources.SecretList {
		return s.list(ctx, r, mount, v2)
	}
	return s.secret(ctx, r, params, mount, v2)
}

func (s *Source) secret(ctx context.Context, r request, params url.Values, mount string, v2 bool) (sources.Value, time.Duration, error) {
	p := r.path
	if v2 {
		p = dataPath(p, mount)
	}
	got, err := s.client.Logical().ReadWithDataWithContext(ctx, p, params)
	switch {
	case err != nil:
		return sources.Value{}, 0, s.hints.explain(r.String(), err)
	case got == nil || (got.Data == nil && got.Auth == nil && got.WrapInfo == nil):
		s.mounts.forget(mount)
		return sources.Value{}, s.refresh, nil
	case v2 && withdrawn(got):
		return sources.Value{}, s.refresh, nil
	}
	return sources.Value{Exists: true, Data: secretData(got), Tainted: true}, lifetime(got, s.refresh), nil
}

func (s *Source) list(ctx context.Context, r request, mount string, v2 bool) (sources.Value, time.Duration, error) {
	p := r.path
	if v2 {
		p = listPath(p, mount)
	}
	got, err := s.client.Logical().ListWithContext(ctx, p)
	if err != nil {
		return sources.Value{}, 0, s.hints.explain(r.String(), err)
	}
	var names sources.Names
	if got != nil {
		keys, _ := got.Data["keys"].([]any)
		for _, k := range keys {
			if name, ok := k.(string); ok {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		s.mounts.forget(mount)
		return sources.Value{}, s.refresh, nil
	}
	slices.Sort(names)
	return sources.Value{Exists: true, Data: names}, s.refresh, nil
}

// secretData converts an answer of the API. Numbers stay [json.Number], as the
// API has them, so templates print them as they were written.
func secretData(got *api.Secret) *sources.SecretData {
	d := &sources.SecretData{
		RequestID:     got.RequestID,
		LeaseID:       got.LeaseID,
		LeaseDuration: got.LeaseDuration,
		Renewable:     got.Renewable,
		Data:          got.Data,
		Warnings:      got.Warnings,
	}
	if a := got.Auth; a != nil {
		d.Auth = &sources.SecretAuth{
			ClientToken:   a.ClientToken,
			Accessor:      a.Accessor,
			Policies:      a.Policies,
			Metadata:      a.Metadata,
			LeaseDuration: a.LeaseDuration,
			Renewable:     a.Renewable,
		}
	}
	if i := got.WrapInfo; i != nil {
		d.WrapInfo = &sources.SecretWrapInfo{
			Token:           i.Token,
			TTL:             i.TTL,
			CreationTime:    i.CreationTime.Format(time.RFC3339Nano),
			WrappedAccessor: i.WrappedAccessor,
		}
	}
	return d
}

// same reports whether two answers are the same but for the number that Vault
// gives each request.
func same(a, b sources.Value) bool {
	x, ok := a.Data.(*sources.SecretData)
	y, both := b.Data.(*sources.SecretData)
	if !ok || !both {
		return a.Equal(b)
	}
	anonymous := *y
	anonymous.RequestID = x.RequestID
	b.Data = &anonymous
	return a.Equal(b)
}
