package vault

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/hashicorp/vault/api"

	"concierge/sources"
)

var errPath = errors.New(`the path is empty; write mount/name, as in {{ secret "secret/app" }}`)

// visit is what one request to Vault needs.
type visit struct {
	source  *Source
	request request
	client  *api.Client // with the token
	token   *token
	hints   hints
}

// visit begins a request, with the token as it is now, when there is a slot.
// It is ended with leave.
func (s *Source) visit(ctx context.Context, r request) (*visit, error) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	t, err := s.identity.now(ctx)
	if err != nil {
		<-s.slots
		return nil, fmt.Errorf("%s: %w", r, err)
	}
	return &visit{source: s, request: r, client: as(s.client, t.text), token: t, hints: s.hints}, nil
}

func (v *visit) leave() { <-v.source.slots }

// ask asks once.
func (s *Source) ask(ctx context.Context, r request) (found, error) {
	params, err := r.values()
	if err != nil {
		return found{}, err
	}
	if r.path == "" {
		return found{}, &refusal{errPath}
	}
	if got, ok := s.known(r, params); ok {
		return got, nil
	}
	v, err := s.visit(ctx, r)
	if err != nil {
		return found{}, err
	}
	defer v.leave()
	v.hints = r.masked(s.hints, params)
	got, err := v.answer(ctx, params)
	if err != nil {
		s.identity.doubt(ctx, v.token, err)
	}
	return got, err
}

// known answers what needs no request.
func (s *Source) known(r request, params url.Values) (found, bool) {
	switch r.kind {
	case sources.SecretWrite:
		value, done := s.writes.find(r)
		return found{value: value, local: true}, done
	case sources.PKICertificate:
		return s.certificateOnDisk(r, params)
	}
	return found{}, false
}

func (v *visit) answer(ctx context.Context, params url.Values) (found, error) {
	if v.request.kind == sources.PKICertificate {
		return v.certificate(ctx, params)
	}
	m, err := v.source.mountOf(ctx, v.client, v.request.path)
	switch {
	case err != nil:
		return found{}, err
	case v.request.kind == sources.SecretList:
		return v.list(ctx, m)
	case v.request.kind == sources.SecretWrite:
		return v.write(ctx, m, params)
	}
	return v.secret(ctx, m, params)
}

func (v *visit) secret(ctx context.Context, m mount, params url.Values) (found, error) {
	p := v.request.path
	if m.v2 {
		p = dataPath(p, m.path)
	}
	got, err := v.client.Logical().ReadWithDataWithContext(ctx, p, params)
	switch {
	case err != nil:
		return found{}, v.hints.explain(v.request.String(), err)
	case got == nil || (got.Data == nil && got.Auth == nil && got.WrapInfo == nil):
		v.source.mounts.forget(m.path)
		return found{}, nil
	case m.v2 && withdrawn(got):
		return found{}, nil
	}
	t, ok := termOf(got)
	if !ok {
		t = unleased(got, v.source.refresh)
	}
	lent := v.lend(got, t)
	lent.free = !ok
	return found{value: secretValue(got), loan: lent}, nil
}

func (v *visit) list(ctx context.Context, m mount) (found, error) {
	p := v.request.path
	if m.v2 {
		p = listPath(p, m.path)
	}
	got, err := v.client.Logical().ListWithContext(ctx, p)
	if err != nil {
		return found{}, v.hints.explain(v.request.String(), err)
	}
	names := namesIn(got)
	if len(names) == 0 {
		v.source.mounts.forget(m.path)
		return found{}, nil
	}
	lent := v.source.keepFor(term{life: v.source.refresh})
	lent.free = true
	return found{value: sources.Value{Exists: true, Data: names}, loan: lent}, nil
}

// namesIn are the sorted names in the answer to a LIST.
func namesIn(got *api.Secret) (names sources.Names) {
	if got == nil {
		return nil
	}
	keys, _ := got.Data["keys"].([]any)
	for _, k := range keys {
		if name, ok := k.(string); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
