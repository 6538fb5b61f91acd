package census

import (
	"context"
	"errors"
	"fmt"
	"time"

	"concierge/cluster"
)

// Wanted is how many instances of a service there should be, and who says so.
type Wanted struct {
	Count  int       `json:"count"`
	Author string    `json:"author"`
	Reason string    `json:"reason"`
	When   time.Time `json:"when"` // for display
}

// ErrChanged says that somebody else was faster.
var ErrChanged = errors.New("it was changed meanwhile")

// ReadWanted returns what was said; ok is false if nobody did.
func ReadWanted(ctx context.Context, s cluster.Store, service string) (w Wanted, ok bool, err error) {
	e, err := look(ctx, s, WantedKey(service))
	if err != nil {
		return w, false, err
	}
	return read[Wanted](e)
}

// SetWanted says how many there should be; count, author and reason are needed,
// and a time that is zero is now. It returns what was said before, and
// [ErrChanged] if somebody said otherwise between the look and the write.
func SetWanted(ctx context.Context, s cluster.Store, service string, w Wanted) (before Wanted, err error) {
	doing := "saying how many instances of " + service + " there should be"
	if w.Count < 0 || w.Author == "" || w.Reason == "" {
		return before, fmt.Errorf("%s: a count from 0, an author and a reason are needed (give them with the command)", doing)
	}
	if w.When.IsZero() {
		w.When = time.Now().UTC().Truncate(time.Second)
	}
	e, err := look(ctx, s, WantedKey(service))
	if err != nil {
		return before, fmt.Errorf("%s: %w", doing, err)
	}
	before, _, _ = read[Wanted](e) // what cannot be read is replaced
	write, err := plain(e.Key, w)
	if err != nil {
		return before, err
	}
	done, err := s.Commit(ctx, cluster.Txn{If: []cluster.Condition{{Key: e.Key, Version: e.Version}}, Then: []cluster.Write{write}})
	switch {
	case err != nil:
		return before, fmt.Errorf("%s: %w", doing, err)
	case !done:
		return before, fmt.Errorf("%s: %w (look at it, and say it again)", doing, ErrChanged)
	}
	return before, nil
}

// look reads one key.
func look(ctx context.Context, s cluster.Store, key string) (cluster.Entry, error) {
	v, err := s.Read(ctx, key)
	return v.Get(key), err
}

// ReadCounts returns the counts that the leader wrote last; ok is false while
// nobody leads.
func ReadCounts(ctx context.Context, s cluster.Store, service string) (c Counts, ok bool, err error) {
	e, err := look(ctx, s, Key(service))
	if err != nil {
		return c, false, err
	}
	return read[Counts](e)
}

// Watch tells the counts, first as they are and then as they change, until ctx
// ends; ok is false while nobody leads, and while the store is away. Both are
// called from this goroutine.
func Watch(ctx context.Context, s cluster.Store, service string, see func(c Counts, ok bool)) {
	key := Key(service)
	cluster.Follow(ctx, s, key, func(v cluster.View) {
		c, ok, err := read[Counts](v.Get(key))
		see(c, ok && err == nil)
	}, func(error) { see(Counts{}, false) })
}
