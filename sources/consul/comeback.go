package consul

import (
	"context"
	"sync"
	"time"

	"concierge/sources"
)

// comeback says when the polls of a source ask again after Consul was lost. All
// of them share one draw: with one each, the luckiest of many would find Consul
// back at once and call the others, in every instance of a fleet at the same
// time. The zero value is ready to use but for its backoff. It is safe for
// concurrent use.
type comeback struct {
	mu      sync.Mutex
	backoff sources.Backoff // guarded by mu
	known   bool            // guarded by mu; Consul has answered before
	drawn   time.Time       // guarded by mu; when until was drawn
	until   time.Time       // guarded by mu

	checking sync.Mutex
	checked  time.Time // guarded by checking; when Consul was looked for
	found    error     // guarded by checking; what that said
}

func newComeback(r sources.Retry) *comeback {
	b := r.Backoff()
	b.Spread = true
	return &comeback{backoff: b}
}

// after returns how long to wait after the loss of a request that began at
// since. A request that was under way when the wait was drawn shares it. Before
// Consul has answered for the first time there is nothing to lose.
func (c *comeback) after(since time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known {
		return 0
	}
	if !since.Before(c.drawn) {
		c.drawn = time.Now()
		c.until = c.drawn.Add(c.backoff.Next())
	}
	return max(0, time.Until(c.until))
}

// answered takes note of an answer to a request that began at since.
func (c *comeback) answered(since time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if since.Before(c.drawn) {
		return // it was under way when Consul was lost
	}
	c.known = true
	c.drawn = time.Time{}
	c.backoff.Reset()
}

// check asks whether Consul is there, once for all polls that come back together.
// Each of them has waited before, as after said.
func (c *comeback) check(ctx context.Context, ask func(context.Context) error) error {
	c.checking.Lock()
	defer c.checking.Unlock()
	c.mu.Lock()
	due := !c.checked.After(c.until)
	c.mu.Unlock()
	if !due {
		return c.found
	}
	err := ask(ctx)
	if ctx.Err() == nil { // else it is this poll that ends
		c.found, c.checked = err, time.Now()
	}
	return err
}
