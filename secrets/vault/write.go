package vault

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/vault/api"

	"concierge/sources"
)

// writes remembers what was written, so that a value without an end is written
// once in the life of the source, however often templates begin and cease to
// ask for it. consul-template writes it again every few minutes.
type writes struct {
	mu   sync.Mutex
	done map[request]sources.Value // guarded by mu
	said map[request]bool          // guarded by mu; what the log knows of
}

func (w *writes) find(r request) (sources.Value, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v, ok := w.done[r]
	return v, ok
}

func (w *writes) add(r request, v sources.Value) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done == nil {
		w.done = make(map[request]sources.Value)
	}
	w.done[r] = v
}

// first reports whether the request was never seen before.
func (w *writes) first(r request) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.said[r] {
		return false
	}
	if w.said == nil {
		w.said = make(map[request]bool)
	}
	w.said[r] = true
	return true
}

// write writes the parameters, and remembers an answer that is for good.
func (v *visit) write(ctx context.Context, m mount, params url.Values) (found, error) {
	s := v.source
	if s.writes.first(v.request) {
		s.log.Info("a template writes to vault", "path", v.request.path)
	}
	p, data := v.request.path, body(params)
	if m.v2 {
		p = dataPath(p, m.path)
		if strings.HasPrefix(p, m.path+"data/") {
			data = map[string]any{"data": data}
		}
	}
	got, err := v.client.Logical().WriteWithContext(ctx, p, data)
	if err != nil {
		return found{}, v.hints.explain(v.request.String(), err)
	}
	value := sources.Value{Exists: true}
	if got != nil {
		value = secretValue(got)
	}
	t, ok := writtenTerm(got, m, s.refresh)
	if !ok {
		s.writes.add(v.request, value)
		return found{value: value}, nil
	}
	return found{value: value, loan: v.lend(got, t)}, nil
}

// writtenTerm is for how long the answer to a write is good; ok is false if it
// is for good. An engine that keeps what it is given, or that computes, has no
// other answer later. Others may have made a credential whose end the answer
// does not tell, so they are asked again as often as consul-template does.
func writtenTerm(got *api.Secret, m mount, refresh time.Duration) (t term, ok bool) {
	if got == nil {
		return term{}, false
	}
	if t, ok = termOf(got); ok {
		return t, true
	}
	return term{life: refresh}, !m.isKV() && m.engine != "transit"
}
