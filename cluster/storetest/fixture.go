package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"concierge/cluster"
	"concierge/internal/testserver"
)

// two returns two clients of one namespace that no other test has.
func (s Subject) two(t *testing.T) (a, b cluster.Store) {
	t.Helper()
	addr, namespace := s.Shared(t), testserver.Prefix(t)
	return s.Dial(t, addr, namespace), s.Dial(t, addr, namespace)
}

func put(key, value string) cluster.Write { return cluster.Write{Key: key, Value: []byte(value)} }

func remove(key string) cluster.Write { return cluster.Write{Key: key, Delete: true} }

func owned(key, value string, by cluster.Session) cluster.Write {
	return cluster.Write{Key: key, Value: []byte(value), Session: by}
}

func when(key string, v cluster.Version) cluster.Condition {
	return cluster.Condition{Key: key, Version: v}
}

func only(c ...cluster.Condition) []cluster.Condition { return c }

// must does the writes.
func must(t *testing.T, s cluster.Store, writes ...cluster.Write) {
	t.Helper()
	if done, err := s.Commit(t.Context(), cluster.Txn{Then: writes}); err != nil || !done {
		t.Fatalf("writing without a condition: %t, %v", done, err)
	}
}

// commit says whether the conditions held.
func commit(t *testing.T, s cluster.Store, conditions []cluster.Condition, writes ...cluster.Write) bool {
	t.Helper()
	done, err := s.Commit(t.Context(), cluster.Txn{If: conditions, Then: writes})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func read(t *testing.T, s cluster.Store, prefix string) cluster.View {
	t.Helper()
	v, err := s.Read(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func version(t *testing.T, s cluster.Store, key string) cluster.Version {
	t.Helper()
	return read(t, s, key).Get(key).Version
}

// open opens a session. A Consul that has just started may not know its own
// node yet.
func open(t *testing.T, s cluster.Store) (o cluster.Session) {
	t.Helper()
	retried(t, "a session is opened", func(ctx context.Context) (err error) {
		o, err = s.Open(ctx, ttl)
		return err
	})
	return o
}

// texts returns key=value of a view.
func texts(v cluster.View) (all []string) {
	for _, e := range v.Entries {
		all = append(all, e.Key+"="+string(e.Value))
	}
	return all
}

func wants(t *testing.T, v cluster.View, want ...string) {
	t.Helper()
	if got := texts(v); !slices.Equal(got, want) {
		t.Errorf("there is %q, want %q", got, want)
	}
}

// eventually repeats look until it is true, at most for so long.
func eventually(t *testing.T, within time.Duration, what string, look func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); !look(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

// retried repeats what a server that has just come back may refuse.
func retried(t *testing.T, what string, f func(context.Context) error) {
	t.Helper()
	var err error
	eventually(t, 3*promptly, what, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), promptly/5)
		defer cancel()
		err = f(ctx)
		return err == nil
	})
}

func lost(o cluster.Session) bool {
	select {
	case <-o.Lost():
		return true
	default:
		return false
	}
}
