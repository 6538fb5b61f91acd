package agent

import (
	"context"
	"sync"

	"concierge/cluster/rollout"
)

// fence keeps a change from beginning whose right has been taken away. It is
// filled by the loop and asked by the supervisor.
type fence struct {
	mu     sync.Mutex
	passes map[string]*rollout.Pass // guarded by mu; by set
}

// Enter implements [reload.Gate].
func (f *fence) Enter(_ context.Context, sets []string) (leave func(bool), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range sets {
		if p := f.passes[name]; p != nil {
			if err := p.May(); err != nil {
				return nil, err
			}
		}
	}
	return func(bool) {}, nil
}

// set notes the rights that a generation rests on.
func (f *fence) set(of []*set) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passes = make(map[string]*rollout.Pass)
	for _, s := range of {
		g := s.rolling
		if g == nil {
			continue
		}
		if g.handed = g.ready; g.pass != nil {
			f.passes[s.name] = g.pass
		}
	}
}
