package consul

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"concierge/sources"
)

// crowdOf is a plan with n services, nodes and keys.
func crowdOf(services, nodes, keys int) map[reader][]sources.Query {
	p := make(map[reader][]sources.Query)
	add := func(kind sources.Kind, n int, more ...string) {
		for i := range n {
			q := sources.Query{Source: "consul", Kind: kind, Path: fmt.Sprintf("%s-%03d", kind, i)}
			if len(more) > 0 {
				q.Options = sources.Options{Datacenter: more[0]}.Handle()
			}
			l, _ := newLookup(q, scope{})
			p[l] = []sources.Query{q}
		}
	}
	add(sources.Service, services)
	add(sources.NodeOf, nodes, "dc2")
	for i := range keys {
		p[span{path: fmt.Sprint(i)}] = nil
	}
	return p
}

func count(p map[reader][]sources.Query) (held, waiting, signals int) {
	for r := range p {
		switch r.(type) {
		case *parked:
			waiting++
		case signal:
			signals++
		default:
			held++
		}
	}
	return held, waiting, signals
}

func TestLookupsAreParkedOnlyWhenTheyAreTooMany(t *testing.T) {
	for _, c := range []struct {
		services, nodes, keys  int
		held, waiting, signals int
	}{
		{128, 0, 0, 128, 0, 0},
		{129, 0, 0, 109, 20, 3},
		{100, 28, 0, 128, 0, 0},
		{100, 0, 64, 109, 55, 3},
		{1000, 0, 0, 109, 891, 3},
		{300, 200, 0, 106, 394, 6}, // of two data centres
		{0, 0, 200, 200, 0, 0},     // keys are not parked, they are merged
		{2, 0, 200, 202, 0, 0},     // would take more polls, not fewer
	} {
		crowd := crowd{connections: maxConnections}
		p := crowdOf(c.services, c.nodes, c.keys)
		crowd.thin(p)
		if held, waiting, signals := count(p); held != c.held || waiting != c.waiting || signals != c.signals {
			t.Errorf("%+v: %d held, %d parked, %d signals", c, held, waiting, signals)
		}
		for _, l := range crowd.parked {
			if q := p[l]; len(q) != 1 || q[0].Path != l.path {
				t.Errorf("%s serves %v", l, q)
			}
		}
	}
}

func TestParkedLookupsStayWhatTheyAreWhileParked(t *testing.T) {
	crowd := crowd{connections: 16}
	first, second := crowdOf(60, 0, 0), crowdOf(61, 0, 0)
	crowd.thin(first)
	crowd.thin(second)
	var gone int
	for r := range first {
		if _, ok := second[r]; !ok {
			gone++
		}
	}
	if gone > 1 {
		t.Errorf("one more service replaces %d polls of %d", gone, len(first))
	}
	crowd.thin(crowdOf(3, 0, 0))
	if len(crowd.parked) != 0 || len(crowd.bells) != 0 {
		t.Errorf("%d lookups and %d bells are kept for nothing", len(crowd.parked), len(crowd.bells))
	}
}

func TestBellIsHeardByAllAndByThoseWhoCameLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, heard := newBell(), make(chan uint64)
		rings, err := b.wait(t.Context(), 0, time.Hour)
		if err != nil || rings == 0 {
			t.Fatalf("the first wait gives %d, %v", rings, err)
		}
		for range 3 {
			go func() {
				n, _ := b.wait(t.Context(), rings, time.Hour)
				heard <- n
			}()
		}
		synctest.Wait()
		b.ring()
		for range 3 {
			if n := <-heard; n != rings+1 {
				t.Errorf("heard ring %d, want %d", n, rings+1)
			}
		}
		start := time.Now()
		if n, _ := b.wait(t.Context(), rings, time.Hour); n != rings+1 || time.Since(start) > 0 {
			t.Errorf("a missed ring is heard as %d after %v", n, time.Since(start))
		}
		if n, _ := b.wait(t.Context(), rings+1, time.Minute); n != rings+1 || time.Since(start) != time.Minute {
			t.Errorf("without a ring: %d after %v", n, time.Since(start))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := b.wait(ctx, rings+1, time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
	})
}

func TestBellRestsBetweenRings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBell()
		b.setPause(time.Second)
		start := time.Now()
		for range 3 {
			if err := b.pause(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.ring()
		}
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("three rings take %v, want 2s", took)
		}
	})
}
