package bench

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// part is a piece of the comparison that can be measured by itself.
type part struct {
	name    string
	measure func(context.Context) error
}

// ground is what a comparison is made on.
type ground struct {
	stores  []store
	starts  store       // for what is all start-up
	limited consulStore // a Consul with its default limits
}

// parts are all pieces of the comparison, in the order of measurement.
func (r *run) parts(on ground) []part {
	all := []part{
		{"start-up", func(ctx context.Context) error { return r.startUp(ctx, on.starts) }},
		{"limits of Consul", func(ctx context.Context) error { return r.limits(ctx, on.limited) }},
	}
	for _, st := range on.stores {
		if st.name() == "etcd" {
			all = append(all, part{"descriptors on etcd", func(ctx context.Context) error { return r.descriptors(ctx, st, st) }})
		}
		for _, s := range r.scenarios(st.name()) {
			all = append(all, part{st.name() + ", " + s.String(), func(ctx context.Context) error { return r.work(ctx, st, s) }})
		}
	}
	return append(all, part{"idle", func(ctx context.Context) error { return r.idleOn(ctx, on.stores) }})
}

// perform measures the parts whose name matches.
func (r *run) perform(ctx context.Context, parts []part, only *regexp.Regexp) error {
	var names []string
	measured := false
	for _, p := range parts {
		names = append(names, p.name)
		if !only.MatchString(p.name) {
			continue
		}
		measured = true
		began := time.Now()
		if err := p.measure(ctx); err != nil {
			return fmt.Errorf("measuring %s: %w", p.name, err)
		}
		_, _ = fmt.Fprintf(r.progress, "measured within %3.0f s: %s\n", time.Since(began).Seconds(), p.name)
	}
	if !measured {
		return fmt.Errorf("%q matches nothing: -only takes a regular expression for one of: %s", only, strings.Join(names, "; "))
	}
	return nil
}
