package zabbix

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"concierge/metrics"
)

// cluster is one server, which may have several nodes of which one works: the
// others refuse connections, or a group of proxies of which one takes the host.
// It may be used concurrently.
type cluster struct {
	line line

	mu       sync.Mutex // guards what follows
	nodes    []string   // the one that worked last first
	redirect redirect   // where a group of proxies wants us; no address: nowhere
}

// exchanged is what one exchange has cost.
type exchanged struct {
	failovers metrics.Failovers
	stages    metrics.Stages
	wire      int // bytes that left, as far as a server was there to take them
}

// ask sends the frame to the first node that answers, and follows one redirect.
func (c *cluster) ask(ctx context.Context, frame []byte) (answer, exchanged, error) {
	var cost exchanged
	a, err := c.askNodes(ctx, frame, &cost)
	if err != nil || a.Redirect == nil || !c.follow(*a.Redirect) {
		return a, cost, err
	}
	cost.failovers.Redirected++
	a, err = c.askNodes(ctx, frame, &cost)
	return a, cost, err
}

// askNodes tries one node after the other, as long as there is time: see share.
// One that took the request and then did not answer may have kept the values;
// then the next one gets them again, of the same moment, which changes nothing
// where both write into one database. Who answers something else than a verdict
// is not followed by the next: the request is what is wrong.
func (c *cluster) askNodes(ctx context.Context, frame []byte, cost *exchanged) (answer, error) {
	var errs []error
	nodes := c.order()
	for i, addr := range nodes {
		body, err := c.askNode(ctx, addr, frame, len(nodes)-i, &cost.stages)
		if !errors.Is(err, errUnreached) {
			cost.wire += len(frame)
		}
		if err == nil {
			c.remember(addr)
			return parseAnswer(body)
		}
		errs = append(errs, err)
		c.demote(addr)
		if ctx.Err() != nil || !silent(err) || i == len(nodes)-1 {
			break
		}
		if errors.Is(err, metrics.ErrTimeout) {
			cost.failovers.TimedOut++
		} else {
			cost.failovers.Refused++
		}
	}
	return answer{}, errors.Join(errs...)
}

// askNode asks one node, of those that are left, in its share of the time.
func (c *cluster) askNode(ctx context.Context, addr string, frame []byte, left int, spent *metrics.Stages) ([]byte, error) {
	ctx, cancel := share(ctx, left)
	defer cancel()
	return c.line.ask(ctx, addr, frame, spent)
}

// share divides the time that is left evenly among the nodes that are left, so
// that one that hangs leaves some for the next. The last one has all the rest.
func share(ctx context.Context, nodes int) (context.Context, context.CancelFunc) {
	end, bounded := ctx.Deadline()
	if !bounded || nodes < 2 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(end)/time.Duration(nodes))
}

// silent reports whether a node said nothing, so that another may be the one
// that works.
func silent(err error) bool {
	return errors.Is(err, errUnreached) || errors.Is(err, errHungUp) || errors.Is(err, metrics.ErrTimeout)
}

// order is in which order the nodes are tried now.
func (c *cluster) order() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if to := c.redirect.Address; to != "" {
		return append([]string{to}, slices.DeleteFunc(slices.Clone(c.nodes), func(n string) bool { return n == to })...)
	}
	return slices.Clone(c.nodes)
}

// remember puts the node that worked first.
func (c *cluster) remember(addr string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.nodes, addr); i > 0 {
		c.nodes = slices.Insert(slices.Delete(c.nodes, i, i+1), 0, addr)
	}
}

// demote puts the node that failed last, and forgets a redirect to it.
func (c *cluster) demote(addr string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.redirect.Address == addr {
		c.redirect = redirect{}
	}
	if i := slices.Index(c.nodes, addr); i >= 0 {
		c.nodes = append(slices.Delete(c.nodes, i, i+1), addr)
	}
}

// follow takes a redirect over and reports whether it leads anywhere. One of an
// older revision than the known one comes from a proxy that lags behind.
func (c *cluster) follow(to redirect) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if to.Reset {
		c.redirect = redirect{}
		return true
	}
	addr, err := parseAddress(to.Address)
	if err != nil || to.Revision < c.redirect.Revision {
		return false
	}
	c.redirect = redirect{Address: addr, Revision: to.Revision}
	return true
}
